// Questions and answers between two GPUs: how long a put with its flag takes, and how far apart the
// two clocks are. Each round is an interval of the asking device's clock in which the other one
// took its stamp, so that the shortest round bounds the offset best (as NTP does it).
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.h"
#include "gpu_backend/cuda/device.h"
#include "gpu_backend/cuda/peer_clock.h"

namespace mk::cuda {

// Rounds of `asking` with `answering`, each with `words` of payload both ways. Requires:
// open_peers(). kDevice: what the runtime says, or that no answer came.
[[nodiscard]] Result<std::vector<ExchangeRound>> exchange(const Device& asking,
                                                          const Device& answering,
                                                          std::uint32_t words,
                                                          std::uint32_t rounds);

}  // namespace mk::cuda
