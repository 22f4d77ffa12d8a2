// How far apart the clocks of two GPUs are. Each round of questions and answers between them is an
// interval of the asking device's clock in which the other one took its stamp, so that the shortest
// round bounds the offset best (as NTP does it). No CUDA here.
#pragma once

#include <cstdint>
#include <vector>

#include "core/record.h"

namespace mk::cuda {

// The instants of one round: of the asking device's clock, of the other one's, and again of the
// first.
struct ExchangeRound {
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
  std::uint64_t heard = 0;
};

// A device's clock was this much ahead of the axis at that instant of its own.
struct ClockOffset {
  std::int64_t at_ns = 0;
  std::int64_t offset_ns = 0;
  std::int64_t half_width_ns = 0;
};
// From the shortest round. Requires: at least one.
ClockOffset offset_of(const std::vector<ExchangeRound>& rounds);

// From a device's clock to the axis, by its offsets before and after a run.
class DeviceClock {
 public:
  DeviceClock() = default;  // is the axis
  DeviceClock(const ClockOffset& before, const ClockOffset& after);

  std::uint64_t on_axis(std::uint64_t ns) const;
  ClockRecord record(std::uint8_t device) const;

 private:
  ClockOffset before_{};
  std::int64_t uncertainty_ns_ = 0;
  double drift_ = 0;  // of the offset, ns a ns
};

}  // namespace mk::cuda
