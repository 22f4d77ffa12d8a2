// Some iterations of a trace as a trace of their own.
#pragma once

#include <cstdint>

#include "traces/trace.h"

namespace mk {

// How many iterations of the run came before the trace's first one: a recorder's window says so
// ("first_iteration"); else 0.
std::uint32_t iterations_before(const Trace& trace);

// Iterations [first, first + count) of the trace, numbered from 0: their slices of tasks,
// activations and intervals. What belongs to no iteration stays, but for flows and details.
// Requires: the trace has them.
Trace iteration_window(const Trace& trace, std::uint32_t first, std::uint32_t count);

}  // namespace mk
