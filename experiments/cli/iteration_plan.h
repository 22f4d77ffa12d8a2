// Flags that say which iterations a prediction is made for: decode steps at the graph's context, or
// a whole request from its prompt on, as `run` executes it.
#pragma once

#include <optional>
#include <vector>

#include "core/iteration_state.h"
#include "core/result.h"
#include "core/task_graph.h"
#include "experiments/cli/flags.h"
#include "simulator/decode_plan.h"

namespace mk::cli {

struct PlanFlags : PlanRequest {
  std::optional<Flag> iterations_flag{};
  std::optional<Flag> generate_flag{};
};

void declare_plan_flags(Flags& parser, PlanFlags& flags);

// kUsage iff the flags contradict each other; else as mk::plan_iterations.
Result<std::vector<IterationState>> plan_iterations(const PlanFlags& flags, const GraphInfo& graph);

}  // namespace mk::cli
