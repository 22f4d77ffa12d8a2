// Which iterations a prediction is made for, and what its figures mean: shared by `simulate`,
// `sweep` and `reproduce`.
#pragma once

#include <cstdint>
#include <vector>

#include "core/compiler.h"
#include "core/iteration_state.h"
#include "core/model.h"
#include "core/result.h"
#include "core/task_graph.h"
#include "simulator/simulate.h"

namespace mk {

struct PlanRequest {
  std::uint32_t iterations = 4;     // decode steps, the last at the graph's context
  std::uint32_t prompt_tokens = 0;  // not 0: instead, each request from such a prompt on
  std::uint32_t generate = 1;       // tokens that follow the prompt

  // Positions of the KV cache that a request from its prompt on fills; 0 for decode steps.
  std::uint32_t positions() const { return prompt_tokens > 0 ? prompt_tokens + generate : 0; }
};

// InvalidInput, with the numbers, iff the graph's KV cache is too short.
Result<std::vector<IterationState>> plan_iterations(const PlanRequest& request,
                                                    const GraphInfo& graph);

// Tokens that these iterations generate: one for each request whose newest token is the last of
// what it was given.
std::uint64_t generated_tokens(const PlanRequest& request, const std::vector<IterationState>& plan,
                               const GraphInfo& graph);

// The KV cache of a request holds `context` and `least_positions`; beyond that, 4096 positions
// where the model has so many.
std::uint32_t cache_positions(const ModelConfig& model, std::uint32_t context,
                              std::uint32_t least_positions);

double median_iteration_us(const SimulationResult& result);

}  // namespace mk
