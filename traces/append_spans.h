// Joins what a tool saw of a run (API calls, kernels, ranges, counters) to the run's own trace.
#pragma once

#include <cstddef>

#include "traces/trace.h"

namespace mk {

// Adds the lanes, slices, flows, details, counters and doubts of `spans` to `run`, behind its own.
// Slices that end before `from`, and counter samples before it, are left out, and lanes on which
// then nothing is; returns how many slices those were. Requires: both are on one axis, and `spans`
// is of no task graph (span_trace.h).
std::size_t append_spans(Trace& run, const Trace& spans, Nanoseconds from);

}  // namespace mk
