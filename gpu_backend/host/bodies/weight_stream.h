// Asking for weights before the task that reads them may start: they depend on no event.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

namespace mk {

// What one waiting worker has asked for: a thread has its own.
class WeightStream {
 public:
  static constexpr std::size_t kMost = std::size_t{256} << 10;  // a part of the second cache

  // One short turn: asks for the next lines of the weights, into the second cache.
  void turn(std::span<const std::byte> weights) {
    if (weights.data() != of_) {
      of_ = weights.data();
      asked_ = 0;
    }
    const std::size_t end = std::min({weights.size(), asked_ + kOfOneTurn, kMost});
    for (; asked_ < end; asked_ += kLine) __builtin_prefetch(of_ + asked_, 0, 2);
  }

 private:
  static constexpr std::size_t kLine = 64;
  static constexpr std::size_t kOfOneTurn = 32 * kLine;

  const std::byte* of_ = nullptr;
  std::size_t asked_ = 0;
};

}  // namespace mk
