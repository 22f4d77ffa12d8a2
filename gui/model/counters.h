// The counters of a trace: recorded ones, and those that follow from its slices.
#pragma once

#include <vector>

#include "gui/timeline/steps.h"
#include "traces/trace.h"

namespace mk::gui {

// Recorded tracks in the trace's order; then "memory GB/s", the bytes of the tasks' costs over the
// time in which they streamed, in 4096 pieces of the makespan; then "tasks running", "tasks ready"
// (event active, body not started) and "tasks queued" (enqueued, not fetched or, where that is not
// recorded, not started), each only where the trace has the instants it needs.
std::vector<Steps> counters_of(const Trace& trace);

}  // namespace mk::gui
