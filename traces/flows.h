// The arrows of a trace, for exporters: from the producer that notified an event last to each task
// that the event launched, and the trace's own flows.
#pragma once

#include <vector>

#include "traces/trace.h"

namespace mk {

// In the order of `from`, then `to`.
std::vector<SliceFlow> arrows_of(const Trace& trace);

}  // namespace mk
