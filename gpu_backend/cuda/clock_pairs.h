// The device's clock held against the host's: before and after a run, so that whoever has both
// kinds of instants (API calls, other tools' traces) can bring them onto one axis.
//
// Device stamps are %globaltimer, in nanoseconds; host stamps CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.h"
#include "core/result.h"
#include "gpu_backend/cuda/run_on_stream.h"

namespace mk::cuda {

// The kernel that reads the clock.
inline constexpr std::string_view kClockKernel = "clock_kernel";

// The device's stamp was taken within half_width of the host's.
struct ClockPair {
  std::int64_t host_ns = 0;
  std::int64_t device_ns = 0;
  std::int64_t half_width_ns = 0;
  std::vector<Nanoseconds> readings{};  // the device's, of all tries in their order
};

// The narrowest of some tries, each a launch of one thread. kDevice: what the runtime says.
[[nodiscard]] Result<ClockPair> take_clock_pair(const RunStream& stream);

// How well the two pairs bind the clocks, and how fast they drift apart.
ClockRecord clock_record(const ClockPair& before, const ClockPair& after);

// "HOST:DEVICE:HALF_WIDTH", for a trace's meta.
std::string text_of(const ClockPair& pair);

}  // namespace mk::cuda
