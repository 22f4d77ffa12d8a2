// Which iterations a prediction is made for: decode steps at the graph's context, or a whole
// request from its prompt on, as `run` executes it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/iteration_state.h"
#include "core/result.h"
#include "core/task_graph.h"
#include "experiments/cli/flags.h"

namespace mk::cli {

struct PlanFlags {
  std::uint32_t iterations = 4;
  std::uint32_t prompt_tokens = 0;  // 0: decode steps
  std::uint32_t generate = 1;
  std::optional<Flag> iterations_flag{};
  std::optional<Flag> generate_flag{};

  std::uint32_t positions() const { return prompt_tokens > 0 ? prompt_tokens + generate : 0; }
};

void declare_plan_flags(Flags& parser, PlanFlags& flags);

// kUsage iff the flags contradict each other; InvalidInput, with the numbers, iff the graph's KV
// cache is too short.
Result<std::vector<IterationState>> plan_iterations(const PlanFlags& flags, const GraphInfo& graph);

// Tokens that these iterations generate: one for each request whose newest token is the last of
// what it was given.
std::uint64_t generated_tokens(const PlanFlags& flags, const std::vector<IterationState>& plan,
                               const GraphInfo& graph);

}  // namespace mk::cli
