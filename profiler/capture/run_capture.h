// A run's own record and CUPTI's records of the same process, in one trace on one axis.
//
// The axis is CUPTI's, the host's: it is the one that all devices and all API calls share. Each
// device's instants are moved there by the stamp kernels that the run launched before and after
// (core/clock_readings.h) and CUPTI saw (clock_alignment.h). Zero is the first device's zero of
// the record. The trace says how well it is known:
//   clock table          half width of the interval in which a device's offset lies, and its drift
//   meta clock_alignment for each device DEVICE:LOW..HIGH:LOW..HIGH:RESIDUAL, in ns: the interval
//                        of its offset before and after the run, and by how much the run's instants
//                        stick out of CUPTI's record of its kernels (0: they lie within)
//   health               clocks_not_aligned: then the record stays on the device's own clock and
//                        CUPTI's spans are left out; clocks_disagree: RESIDUAL is larger than the
//                        interval explains
// What CUPTI recorded before the first stamp (loading weights) is left out: meta spans_before_run.
#pragma once

#include <vector>

#include "core/clock_readings.h"
#include "core/record.h"
#include "profiler/capture/capture_log.h"
#include "traces/trace.h"

namespace mk::capture {

// What a run that recorded itself has besides its record.
struct RunCapture {
  CaptureLog log{};
  std::vector<ClockReadings> clocks{};  // one a device, or of the one whose clock all are on
};

Trace join_capture(RunRecord record, const RunCapture& capture);

}  // namespace mk::capture
