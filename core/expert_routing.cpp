#include "core/expert_routing.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "core/random.h"

namespace mk {
namespace {

constexpr std::uint32_t kPopularityDraws = 101;  // streams of core/random.h, apart from durations'
constexpr std::uint32_t kTokenDraws = 102;

// Tokens of each expert of one layer.
using Load = std::vector<std::uint32_t>;

// Expected number of distinct experts that `tokens` tokens draw, at least what one token draws.
std::int64_t distinct_experts(const MoeParams& p, std::int64_t tokens) {
  if (tokens == 0) return 0;
  const auto experts = static_cast<double>(p.experts);
  const double missed =
      std::pow(1.0 - static_cast<double>(p.top_k) / experts, static_cast<double>(tokens));
  return std::clamp<std::int64_t>(std::llround(experts * (1.0 - missed)), p.top_k, p.experts);
}

// Activated experts are spread over all there are.
Load even_load(const MoeParams& p, std::int64_t tokens) {
  Load load(static_cast<std::size_t>(p.experts), 0);
  const std::int64_t activated = distinct_experts(p, tokens);
  const std::int64_t routed = tokens * p.top_k;
  for (std::int64_t i = 0; i < activated; ++i) {
    const auto expert = static_cast<std::size_t>(i * p.experts / activated);
    load[expert] =
        static_cast<std::uint32_t>(routed * (i + 1) / activated - routed * i / activated);
  }
  return load;
}

// How often each expert of the layer is drawn. Whole numbers, so that the last bit of pow() does
// not show in a draw.
std::vector<std::uint64_t> popularity(const MoeParams& p, const RoutingDraw& draw,
                                      std::uint32_t layer) {
  const auto experts = static_cast<std::uint32_t>(p.experts);
  const RandomStream random(draw.seed, 0, kPopularityDraws);
  std::vector<std::uint32_t> ranked(experts);
  std::iota(ranked.begin(), ranked.end(), 0u);
  std::stable_sort(ranked.begin(), ranked.end(), [&](std::uint32_t a, std::uint32_t b) {
    return random.bits(layer * experts + a) < random.bits(layer * experts + b);
  });
  std::vector<std::uint64_t> weight(experts);
  for (std::uint32_t i = 0; i < experts; ++i) {
    const double share = std::pow(static_cast<double>(i) + 1, -draw.skew);
    weight[ranked[i]] = static_cast<std::uint64_t>(std::llround(share * 0x1p40)) + 1;
  }
  return weight;
}

// One token's experts: one after another, each from those that are left.
void draw_experts(std::vector<std::uint64_t> weight, std::uint64_t total, const MoeParams& p,
                  const RandomStream& random, std::uint32_t first_draw, Load& load) {
  for (std::uint32_t k = 0; k < p.top_k; ++k) {
    const double at = uniform_of(random.bits(first_draw + k)) * static_cast<double>(total);
    auto left = static_cast<std::uint64_t>(at);
    std::size_t expert = 0;
    while (weight[expert] == 0 || left >= weight[expert]) {
      left -= weight[expert];
      MK_CHECK(++expert < weight.size(), "a draw lies within the weights that are left");
    }
    total -= weight[expert];
    weight[expert] = 0;
    ++load[expert];
  }
}

Load drawn_load(const MoeParams& p, const RoutingDraw& draw, std::uint32_t iteration,
                std::uint32_t layer, std::uint32_t tokens) {
  const std::vector<std::uint64_t> weight = popularity(p, draw, layer);
  const std::uint64_t total = std::accumulate(weight.begin(), weight.end(), std::uint64_t{0});
  const RandomStream random(draw.seed, iteration, kTokenDraws);
  Load load(weight.size(), 0);
  for (std::uint32_t t = 0; t < tokens; ++t) {
    const std::uint32_t first = (layer * tokens + t) * static_cast<std::uint32_t>(p.top_k);
    draw_experts(weight, total, p, random, first, load);
  }
  return load;
}

// Appends the operator's groups.
void share_out(const Operator& op, const Load& load, IterationState& state) {
  const auto& p = std::get<MoeParams>(op.params);
  const std::size_t first = state.activated_experts.size();
  const std::size_t groups = op.grid.extent[0];
  state.activated_experts.resize(first + groups, 0);
  state.routed_tokens.resize(first + groups, 0);
  std::size_t activated = 0;
  for (std::size_t expert = 0; expert < load.size(); ++expert) {
    if (load[expert] == 0) continue;
    const std::size_t group =
        p.schedule == ExpertSchedule::kStride
            ? activated % groups
            : ((expert + 1) * groups - 1) / static_cast<std::size_t>(p.experts);
    state.activated_experts[first + group] += 1;
    state.routed_tokens[first + group] += load[expert];
    ++activated;
  }
}

template <typename LoadOf>
void route(const TaskGraph& graph, IterationState& state, LoadOf load_of) {
  state.activated_experts.clear();
  state.routed_tokens.clear();
  for (const Operator& op : graph.operators()) {
    if (op.kind != TaskKind::kExpertLinear) continue;
    share_out(op, load_of(std::get<MoeParams>(op.params), op.layer.value_or(0)), state);
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
  const std::uint32_t tokens = state.live_tokens();
  route(graph, state,
        [&](const MoeParams& p, std::uint32_t /*layer*/) { return even_load(p, tokens); });
}

void draw_routing(const TaskGraph& graph, const RoutingDraw& draw, std::uint32_t iteration,
                  IterationState& state) {
  MK_CHECK(draw.skew >= 0 && draw.skew <= 16, "a skew from 0 to 16");
  const std::uint32_t tokens = state.live_tokens();
  route(graph, state, [&](const MoeParams& p, std::uint32_t layer) {
    return drawn_load(p, draw, iteration, layer, tokens);
  });
}

}  // namespace mk
