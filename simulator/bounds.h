// Lower bounds of a simulation, from the same costs and draws.
#pragma once

#include "simulator/costs.h"
#include "simulator/simulate.h"

namespace mk::simulator {

// `fastest_sm` is the smallest factor of an SM that takes part. Leaves `costs` evaluated for the
// last iteration.
LowerBounds lower_bounds(const TaskGraph& graph, const Machine& machine,
                         const SimulationOptions& options, Costs& costs, const Spreads& spreads,
                         const Hops& hops, double fastest_sm);

}  // namespace mk::simulator
