// ClockReadings: a device's own clock, read by kernels of one thread before and after a run. What
// sees these kernels on another axis (profiler/capture/run_capture.h) can bring there the instants
// of a RunRecord that lie on this device's lanes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/record.h"

namespace mk {

// Devices without readings of their own are on the clock of the first that has some.
struct ClockReadings {
  std::uint8_t device = 0;
  std::string kernel{};               // what the names of those kernels contain, and no other's
  Nanoseconds zero = 0;               // the clock at this device's instant 0 of the record
  std::vector<Nanoseconds> before{};  // in the order of the kernels
  std::vector<Nanoseconds> after{};
};

}  // namespace mk
