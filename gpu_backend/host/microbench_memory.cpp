#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>
#include <span>

#include "core/check.h"
#include "gpu_backend/host/host_memory.h"
#include "gpu_backend/host/microbench_parts.h"
#include "gpu_backend/host/run_threads.h"

namespace mk::microbench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Keeps a result that nobody uses, and the work behind it.
template <typename T>
void keep(T& value) {
  asm volatile("" : "+r"(value) : : "memory");
}

// Reads every word once; four independent sums keep the loads ahead of the additions.
std::uint64_t sum_up(std::span<const std::uint64_t> words) {
  using Pair = std::uint64_t __attribute__((vector_size(16), may_alias, aligned(8)));
  constexpr std::size_t kLine = 8;
  Pair a = {};
  Pair b = {};
  Pair c = {};
  Pair d = {};
  for (std::size_t i = 0; i + kLine <= words.size(); i += kLine) {
    const auto* const line = reinterpret_cast<const Pair*>(words.data() + i);
    a += line[0];
    b += line[1];
    c += line[2];
    d += line[3];
  }
  const Pair total = (a + b) + (c + d);
  return total[0] + total[1];
}

// Memory in huge pages where the system gives them: the loads are measured, not address
// translation.
template <typename Word>
class Buffer {
 public:
  explicit Buffer(std::size_t words) : words_(words) {
    constexpr std::size_t kHugePage = 2U << 20;
    bytes_ = (words * sizeof(Word) + kHugePage - 1) / kHugePage * kHugePage;
    data_ = static_cast<Word*>(std::aligned_alloc(kHugePage, bytes_));
    MK_CHECK(data_ != nullptr, "the buffer fits into memory");
    madvise(data_, bytes_, MADV_HUGEPAGE);
    std::fill(data_, data_ + words, Word{1});  // its pages are touched here
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }
  std::span<Word> words() const { return {data_, words_}; }

 private:
  std::size_t words_;
  std::size_t bytes_ = 0;
  Word* data_ = nullptr;
};

// One round over every element in random order: each load's address is the last one's value.
constexpr std::size_t kWordsPerLine = 16;
void fill_chase(std::span<std::uint32_t> next) {
  const std::size_t lines = next.size() / kWordsPerLine;
  std::vector<std::uint32_t> order(lines);
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937_64 random(1);
  for (std::size_t i = lines; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  for (std::size_t i = 0; i < lines; ++i) {
    next[order[i] * kWordsPerLine] =
        static_cast<std::uint32_t>(order[(i + 1) % lines] * kWordsPerLine);
  }
}

}  // namespace

double median(Samples samples) {
  MK_CHECK(!samples.empty(), "something was measured");
  std::sort(samples.begin(), samples.end());
  const std::size_t middle = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

double relative_spread(Samples samples) {
  std::sort(samples.begin(), samples.end());
  const std::size_t last = samples.size() - 1;
  const double width = samples[last - last * 16 / 100] - samples[last * 16 / 100];
  const double middle = median(samples);
  return middle > 0 ? width / (2 * middle) : 0;
}

Samples clock_ghz(std::uint32_t repetitions) {
  constexpr std::uint64_t kAdditions = 1'000'000;
  const std::uint64_t step = 3;
  Samples samples;
  for (std::uint32_t r = 0; r < repetitions; ++r) {
    std::uint64_t value = r;
    const Clock::time_point start = Clock::now();
    for (std::uint64_t i = 0; i < kAdditions; i += 8) {
      // Eight additions that each wait for the one before: eight cycles. Of a register: additions
      // of constants cost recent Intel cores nothing.
      asm volatile(
          "add %1, %0\n\tadd %1, %0\n\tadd %1, %0\n\tadd %1, %0\n\t"
          "add %1, %0\n\tadd %1, %0\n\tadd %1, %0\n\tadd %1, %0"
          : "+r"(value)
          : "r"(step));
    }
    samples.push_back(static_cast<double>(kAdditions) / seconds_since(start) * 1e-9);
  }
  return samples;
}

Samples read_bandwidth(std::uint32_t cores, std::uint64_t bytes, std::uint32_t repetitions) {
  const std::size_t words_each = bytes / cores / sizeof(std::uint64_t);
  // Small buffers are read several times, so that a repetition lasts long enough to time.
  const std::uint64_t rounds = std::max<std::uint64_t>(1, (64U << 20) / bytes);
  std::vector<double> seconds(repetitions, 0.0);
  std::vector<std::atomic<std::uint32_t>> arrived(2 * repetitions + 1);
  const auto meet = [&](std::uint32_t point) {
    arrived[point].fetch_add(1);
    for (std::uint32_t turn = 0; arrived[point].load() < cores; ++turn) {
      HostMemory::pause(turn, 1U << 14);
    }
  };
  HostRunOptions threads;
  threads.roles = {cores, 0};
  RunRows rows;
  rows.lanes.resize(cores);
  run_threads(threads, rows, [&](std::uint32_t core) {
    const Buffer<std::uint64_t> own(words_each);
    meet(2 * repetitions);
    for (std::uint32_t r = 0; r < repetitions; ++r) {
      meet(2 * r);
      const Clock::time_point start = Clock::now();
      for (std::uint64_t round = 0; round < rounds; ++round) {
        std::uint64_t sum = sum_up(own.words());
        keep(sum);
      }
      meet(2 * r + 1);
      if (core == 0) seconds[r] = seconds_since(start);
    }
  });
  Samples samples;
  const auto total = static_cast<double>(words_each * sizeof(std::uint64_t) * cores * rounds);
  for (const double s : seconds) samples.push_back(total / s * 1e-9);
  return samples;
}

Samples load_latency(std::uint64_t bytes, std::uint32_t repetitions) {
  const Buffer<std::uint32_t> buffer(bytes / 64 * kWordsPerLine);
  const std::span<std::uint32_t> next = buffer.words();
  fill_chase(next);
  constexpr std::uint32_t kLoads = 50'000;
  Samples samples;
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < bytes / 64; ++i) at = next[at];  // once round: caches as they will be
  for (std::uint32_t r = 0; r < repetitions; ++r) {
    const Clock::time_point start = Clock::now();
    for (std::uint32_t i = 0; i < kLoads; ++i) at = next[at];
    keep(at);
    samples.push_back(seconds_since(start) * 1e6 / kLoads);
  }
  return samples;
}

}  // namespace mk::microbench
