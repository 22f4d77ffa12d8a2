// Which experts an iteration activates, where nobody has recorded it: an assumption for predictions
// of MoE models.
//
// Expert groups are numbered over the whole graph: operators of kind kExpertLinear in order, groups
// = parts of their first axis. Term{kActivatedExperts, index} and IterationState use this number.
// All expert operators of one layer, on all devices, see the same routing. Under kStride group g
// has every groups-th activated expert, in order of their numbers, from the g-th on; under kStatic
// it has the experts of its range.
#pragma once

#include <cstdint>

#include "core/iteration_state.h"
#include "core/task_graph.h"

namespace mk {

// Groups of all operators: the length of IterationState::activated_experts. 0 for dense models.
std::uint32_t expert_group_count(const TaskGraph& graph);

// Fills activated_experts and routed_tokens as if each live token drew top_k of the experts
// independently and evenly: each layer activates the expected number of distinct experts, rounded,
// and their tokens are shared out evenly. No randomness. Leaves dense models alone.
void assume_even_routing(const TaskGraph& graph, IterationState& state);

struct RoutingDraw {
  std::uint64_t seed = 1;
  // The i-th most popular expert of a layer is drawn in proportion to 1 / (i + 1)^skew. Which
  // expert that is, is drawn once a layer, for all iterations. 0: all alike.
  double skew = 0;
};

// The same from draws: each live token draws top_k distinct experts, a function of (seed,
// iteration, layer, token) alone. That neighbouring tokens choose alike is not modelled. Requires:
// 0 <= draw.skew <= 16.
void draw_routing(const TaskGraph& graph, const RoutingDraw& draw, std::uint32_t iteration,
                  IterationState& state);

}  // namespace mk
