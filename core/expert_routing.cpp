#include "core/expert_routing.h"

#include <algorithm>
#include <cmath>

namespace mk {
namespace {

// Expected number of distinct experts that `tokens` tokens draw, at least what one token draws.
std::int64_t distinct_experts(const MoeParams& p, std::int64_t tokens) {
  if (tokens == 0) return 0;
  const auto experts = static_cast<double>(p.experts);
  const double missed =
      std::pow(1.0 - static_cast<double>(p.top_k) / experts, static_cast<double>(tokens));
  return std::clamp<std::int64_t>(std::llround(experts * (1.0 - missed)), p.top_k, p.experts);
}

// Which group computes the i-th activated expert.
std::int64_t group_of(const MoeParams& p, std::int64_t i, std::int64_t activated,
                      std::int64_t groups) {
  if (p.schedule == ExpertSchedule::kStride) return i % groups;
  return i * p.experts / activated * groups / p.experts;  // spread over all experts
}

void route(const Operator& op, std::int64_t tokens, IterationState& state) {
  const auto& p = std::get<MoeParams>(op.params);
  const std::size_t first = state.activated_experts.size();
  const std::int64_t groups = op.grid.extent[0];
  state.activated_experts.resize(first + op.grid.extent[0], 0);
  state.routed_tokens.resize(first + op.grid.extent[0], 0);
  const std::int64_t activated = distinct_experts(p, tokens);
  for (std::int64_t i = 0; i < activated; ++i) {
    const auto group = first + static_cast<std::size_t>(group_of(p, i, activated, groups));
    const std::int64_t routed = tokens * p.top_k;
    const std::int64_t share = routed * (i + 1) / activated - routed * i / activated;
    state.activated_experts[group] += 1;
    state.routed_tokens[group] += static_cast<std::uint32_t>(share);
  }
}

}  // namespace

std::uint32_t expert_group_count(const TaskGraph& graph) {
  std::uint32_t groups = 0;
  for (const Operator& op : graph.operators()) {
    if (op.kind == TaskKind::kExpertLinear) groups += op.grid.extent[0];
  }
  return groups;
}

void assume_even_routing(const TaskGraph& graph, IterationState& state) {
  state.activated_experts.clear();
  state.routed_tokens.clear();
  for (const Operator& op : graph.operators()) {
    if (op.kind == TaskKind::kExpertLinear) route(op, state.live_tokens(), state);
  }
}

}  // namespace mk
