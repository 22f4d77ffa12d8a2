// Work on many independent things with all processors that a person's machine spares for it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace mk {

// Calls work(0) .. work(count - 1), each once, on this thread and up to seven others, and returns
// when all are done. Calls must not touch what others write.
template <typename Work>
void for_each_at_once(std::size_t count, const Work& work) {
  constexpr std::size_t kMost = 8;
  std::atomic<std::size_t> next = 0;
  const auto take = [&] {
    for (std::size_t k = next++; k < count; k = next++) work(k);
  };
  const std::size_t threads =
      std::min({count, kMost, std::size_t{std::thread::hardware_concurrency()}});
  std::vector<std::jthread> others;
  for (std::size_t t = 1; t < threads; ++t) others.emplace_back(take);
  take();
}

}  // namespace mk
