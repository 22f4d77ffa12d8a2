#include "tests/perf/plain_read.h"

#include <cstring>

namespace mk {
namespace {

typedef std::uint64_t Vector __attribute__((vector_size(64)));

// Compiled for each of these, and chosen when the program starts.
#if defined(__x86_64__) && defined(__linux__)
#define MK_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define MK_CLONES
#endif

MK_CLONES
std::uint64_t sum_of_lines(const std::byte* begin, std::int64_t bytes) {
  Vector sums[4] = {};
  for (std::int64_t at = 0; at + 256 <= bytes; at += 256) {
    for (int i = 0; i < 4; ++i) {
      Vector line;
      std::memcpy(&line, begin + at + i * 64, 64);
      sums[i] += line;
    }
  }
  const Vector sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  std::uint64_t total = 0;
  for (int i = 0; i < 8; ++i) total += sum[i];
  return total;
}

}  // namespace

std::uint64_t plain_read(const std::byte* begin, std::int64_t bytes) {
  return sum_of_lines(begin, bytes);
}

}  // namespace mk
