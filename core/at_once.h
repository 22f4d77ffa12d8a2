// Work on many independent things with several processors.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace mk {

// All that a person's machine spares for it.
inline std::size_t spare_threads() {
  constexpr std::size_t kMost = 8;
  return std::min(kMost, std::size_t{std::thread::hardware_concurrency()});
}

// Calls work(0) .. work(count - 1), each once, on `threads` threads at most, of which this is one,
// and returns when all are done. Calls must not touch what others write.
template <typename Work>
void for_each_at_once(std::size_t count, const Work& work, std::size_t threads = spare_threads()) {
  std::atomic<std::size_t> next = 0;
  const auto take = [&] {
    for (std::size_t k = next++; k < count; k = next++) work(k);
  };
  std::vector<std::jthread> others;
  for (std::size_t t = 1; t < std::min(count, threads); ++t) others.emplace_back(take);
  take();
}

}  // namespace mk
