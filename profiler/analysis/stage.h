// Where a task's start counts from besides its iteration's begin: the first start of its stage.
#pragma once

#include <cstdint>

#include "traces/trace.h"

namespace mk {

// The task's layer, or its operator where that has none: a number that tells stages apart.
inline std::uint32_t stage_of(const TraceGraph& graph, std::uint32_t task) {
  const TraceOperator& op = graph.op_of(task);
  const auto operators = static_cast<std::uint32_t>(graph.operators.size());
  return op.layer ? operators + *op.layer : graph.tasks.op[task];
}

}  // namespace mk
