// Ends and lower bounds of runs, as lines on the time axis.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gui/timeline/overlay.h"
#include "profiler/analysis/trace_index.h"

namespace mk::gui {

class Session;

// No run of the same tasks is shorter; in ns from the first iteration's start.
struct RunBound {
  std::string_view name{};
  std::string_view meaning{};
  double length = 0;
};

// "bytes": the machine streams what all iterations read from memory (only where the trace carries
// its machine). "work": the tasks' own lengths, shared out evenly over the workers. "chain": the
// longest chain of dependent tasks of each iteration, each as long as it was. Nothing for a trace
// without iterations.
std::vector<RunBound> lower_bounds(const TraceIndex& index);

// The least time, in ns, in which the trace's machine can stream the bytes that all its iterations
// read from memory. None where the trace carries no machine or no graph.
std::optional<double> bytes_bound(const Trace& trace);

// The end of each trace and, dashed, its bounds.
std::vector<MarkLine> bound_lines(Session& session);

}  // namespace mk::gui
