// Which experts an iteration activates, where nobody has recorded it: an assumption for predictions
// of MoE models.
//
// Expert groups are numbered over the whole graph: operators of kind kExpertLinear in order, groups
// = parts of their first axis. Term{kActivatedExperts, index} and IterationState use this number.
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

}  // namespace mk
