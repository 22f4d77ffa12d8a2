// Pass "label" (MPK paper, section 5.2): by operator. Kinds whose duration depends on data are JIT,
// and so is all that follows them, up to a barrier: an operator whose tasks all wait for all tasks
// of each JIT operator before it is AOT again, since what was uneven is over by then.
#pragma once

#include <vector>

#include "core/compiler/dependencies.h"
#include "core/compiler/events.h"
#include "core/task_graph.h"

namespace mk::compiler {

std::vector<LaunchLabel> label_operators(const PartitionedGraph& graph,
                                         const DependencyGraph& dependencies,
                                         const std::vector<bool>& barrier);

}  // namespace mk::compiler
