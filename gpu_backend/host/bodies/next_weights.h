// Whose weights a worker will stream next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/units.h"
#include "gpu_backend/host/bodies/task_bodies.h"

namespace mk {

// The first among a worker's next tasks that streams weights; kNoIndex where none near does.
template <typename InHand>
std::uint32_t first_streaming(const TaskBodies& bodies, const InHand& in_hand) {
  constexpr std::size_t kMostTasks = 8;  // a look must not cost more than it saves
  const auto end = static_cast<std::uint32_t>(std::min<std::size_t>(in_hand.size(), kMostTasks));
  for (std::uint32_t k = 0; k < end; ++k) {
    if (!bodies.weights_of(TaskId(in_hand[k])).empty()) return in_hand[k];
  }
  return kNoIndex;
}

}  // namespace mk
