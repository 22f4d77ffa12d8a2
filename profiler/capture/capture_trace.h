// Makes the Trace of a profiled program from what was captured of its processes.
//
// Rows: a stream each ("gpu0 stream 7"; context and stream where there are several contexts), a
// thread's API calls, a thread's ranges by NVTX domain, waits for the device, profiling's own
// overhead, the device's counters. An API call and what it launched are joined by a flow. The
// trace's zero is the earliest time stamp. What was lost or is doubtful is a counted row in
// `health`:
//   no_time_stamp      records without a time
//   range_never_ended  starts without an end: the range lasts to the last time seen
//   range_never_begun  ends without a start: left out
//   and what the capture itself reports (records_dropped ...)
#pragma once

#include <span>

#include "profiler/capture/capture_log.h"
#include "traces/trace.h"

namespace mk::capture {

Trace make_trace(std::span<const CaptureLog> logs);

// The same of one process, on an axis with `zero` as its zero. Requires: a time as CUPTI has them.
Trace make_trace(const CaptureLog& log, Time zero);

}  // namespace mk::capture
