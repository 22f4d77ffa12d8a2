// Asking for weights before the task that reads them may start: they depend on no event.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gpu_backend/host/bodies/task_bodies.h"

namespace mk {

// The weights that a worker streams next: of the first among its next tasks that streams any.
template <typename InHand>
std::span<const std::byte> first_weights(const TaskBodies& bodies, const InHand& in_hand) {
  constexpr std::uint32_t kMostTasks = 8;  // a look must not cost more than it saves
  const std::uint32_t end =
      static_cast<std::uint32_t>(std::min<std::size_t>(in_hand.size(), kMostTasks));
  for (std::uint32_t k = 0; k < end; ++k) {
    const std::span<const std::byte> weights = bodies.weights_of(TaskId(in_hand[k]));
    if (!weights.empty()) return weights;
  }
  return {};
}

// What one waiting worker has asked for: a thread has its own.
class WeightStream {
 public:
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
  static constexpr std::size_t kMost = std::size_t{256} << 10;  // a part of the second cache

  const std::byte* of_ = nullptr;
  std::size_t asked_ = 0;
};

}  // namespace mk
