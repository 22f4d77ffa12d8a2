// What one tile of an operator costs: the rules by kind behind TaskClasses.
#pragma once

#include <cstdint>

#include "core/compiler/partition.h"
#include "core/task_graph.h"

namespace mk::compiler {

// `first_expert_group`: graph-wide index of the operator's first expert group.
TaskClass task_cost(const PartitionedGraph& graph, const Operator& op, std::uint32_t tile,
                    std::uint32_t first_expert_group);

}  // namespace mk::compiler
