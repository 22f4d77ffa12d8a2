// Ends and lower bounds of runs, as lines on the time axis.
#pragma once

#include <optional>
#include <vector>

#include "gui/model/session.h"
#include "gui/timeline/overlay.h"

namespace mk::gui {

// The least time, in ns, in which the trace's machine can stream the bytes that all its iterations
// read from memory. None where the trace carries no machine or no graph.
std::optional<double> bytes_bound(const Trace& trace);

// The end of each trace and, dashed, its bound.
std::vector<MarkLine> bound_lines(Session& session);

}  // namespace mk::gui
