// Drawn graphs, and the ways to run them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/task_graph.h"
#include "simulator/simulate.h"

namespace mk::testing {

// Layers of random width, kind, bytes and labels; a layer's tasks wait for a random part of the one
// before.
std::shared_ptr<const TaskGraph> drawn_graph(std::uint64_t seed);

// Layers of linears on each device, whose sums each device puts on its peers, and which each
// reduces for itself; of random width, bytes and labels.
std::shared_ptr<const TaskGraph> drawn_exchange(std::uint64_t seed, std::uint8_t devices);

// Each megakernel policy, each way to split the SMs, and of the placements two; recorded, three
// iterations.
std::vector<SimulationOptions> all_splits(std::uint64_t seed);

std::string describe(const SimulationOptions& options);

}  // namespace mk::testing
