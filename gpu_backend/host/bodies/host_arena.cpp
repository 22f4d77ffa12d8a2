#include "gpu_backend/host/bodies/host_arena.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace mk {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// The number after `key` in a file of "key number" lines; the first number of the file where `key`
// is empty. None where there is no such file or number ("max").
std::optional<std::int64_t> number_in(const char* path, const std::string& key) {
  std::ifstream in(path);
  std::string word;
  while (in >> word) {
    if (!key.empty() && word != key) continue;
    std::int64_t number = 0;
    if (key.empty()) in.seekg(0);
    if (in >> number) return number;
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Result<HostArena> HostArena::allocate(std::size_t bytes) {
  HostArena arena;
  arena.mapped_ = bytes + kHugePage;
  void* mapping = mmap(nullptr, arena.mapped_, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    return fail(ErrorCode::kIo, fmt::format("no memory for {:.2f} GB: {}",
                                            static_cast<double>(bytes) * 1e-9, strerror(errno)));
  }
  arena.mapping_ = mapping;
  const auto address = reinterpret_cast<std::uintptr_t>(mapping);
  const std::uintptr_t aligned = (address + kHugePage - 1) / kHugePage * kHugePage;
  arena.data_ = static_cast<std::byte*>(mapping) + (aligned - address);
  // A wish: where it is not granted, ordinary pages serve, at some cost in speed.
  static_cast<void>(madvise(arena.data_, bytes, MADV_HUGEPAGE));
  return arena;
}

HostArena::HostArena(HostArena&& other) noexcept { *this = std::move(other); }

HostArena& HostArena::operator=(HostArena&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(mapped_, other.mapped_);
  std::swap(data_, other.data_);
  return *this;
}

HostArena::~HostArena() {
  if (mapping_ != nullptr) munmap(mapping_, mapped_);
}

Bytes available_memory() {
  std::int64_t bytes = std::numeric_limits<std::int64_t>::max();
  if (const auto kib = number_in("/proc/meminfo", "MemAvailable:")) bytes = *kib * 1024;
  const auto limit = number_in("/sys/fs/cgroup/memory.max", "");
  const auto used = number_in("/sys/fs/cgroup/memory.current", "");
  if (limit && used) bytes = std::min(bytes, std::max(std::int64_t{0}, *limit - *used));
  return Bytes(bytes);
}

}  // namespace mk
