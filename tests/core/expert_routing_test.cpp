#include "core/expert_routing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/compiler.h"

namespace mk {
namespace {

TaskGraph graph_of(const StepShape& step, std::uint32_t layers = 2) {
  ModelConfig model = *load_model("qwen3-30b-a3b");
  model.layers = layers;
  return compile_model(model, step, {})->graph;
}

IterationState drawn(const TaskGraph& graph, const RoutingDraw& draw, std::uint32_t tokens = 1,
                     std::uint32_t iteration = 0) {
  IterationState state = decode_step(tokens, 8);
  draw_routing(graph, draw, iteration, state);
  return state;
}

std::uint32_t sum(const std::vector<std::uint32_t>& values, std::size_t first, std::size_t count) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(first);
  return std::accumulate(at, at + static_cast<std::ptrdiff_t>(count), 0u);
}

constexpr std::size_t kW13 = 10;  // groups of the first w13, at 128 workers

TEST(DrawRouting, GivesEachTokenItsExpertsOnce) {
  const TaskGraph graph = graph_of({.batch_tokens = 16, .requests = 16});
  const IterationState state = drawn(graph, {.skew = 1}, 16);
  ASSERT_EQ(state.activated_experts.size(), expert_group_count(graph));
  EXPECT_EQ(sum(state.routed_tokens, 0, kW13), 16u * 8);
  EXPECT_LE(sum(state.activated_experts, 0, kW13), 128u);
  EXPECT_GE(sum(state.activated_experts, 0, kW13), 8u);
}

TEST(DrawRouting, IsTheSameForAllOperatorsOfALayer) {
  const TaskGraph graph = graph_of({.batch_tokens = 4, .requests = 4, .devices = 2});
  const IterationState state = drawn(graph, {.skew = 0.5}, 4);
  std::size_t first = 0;
  std::vector<std::uint32_t> activated;
  for (const Operator& op : graph.operators()) {
    if (op.kind != TaskKind::kExpertLinear) continue;
    if (op.layer == 0u) activated.push_back(sum(state.activated_experts, first, op.grid.extent[0]));
    first += op.grid.extent[0];
  }
  ASSERT_EQ(activated.size(), 4u) << "w13 and w2 on two devices";
  EXPECT_TRUE(std::all_of(activated.begin(), activated.end(),
                          [&](std::uint32_t a) { return a == activated[0]; }));
}

// Six experts over four groups: one, two, one, two.
TEST(DrawRouting, GivesStaticGroupsTheRangesThatTheirTasksHave) {
  ModelConfig model = *load_model("qwen3-30b-a3b");
  model.layers = 1;
  model.moe->experts = model.moe->top_k = 6;
  CompileOptions options;
  options.tasks_of = {{"w13", 4}, {"w2", 4}};
  options.partition = Partition::kBalanced;
  options.workers = 4;
  const TaskGraph graph =
      compile_model(model, {.experts = ExpertSchedule::kStatic}, options)->graph;
  const IterationState state = drawn(graph, {});
  std::size_t group = 0;
  for (const Operator& op : graph.operators()) {
    if (op.kind != TaskKind::kExpertLinear) continue;
    ASSERT_EQ(op.grid.extent[0], 4U);
    for (std::uint32_t g = 0; g < 4; ++g, ++group) {
      const PartRange own = part_range(6, 1, g, 4);
      EXPECT_EQ(state.activated_experts[group], own.end - own.begin) << op.name << ' ' << g;
    }
  }
}

TEST(DrawRouting, IsAFunctionOfSeedAndIteration) {
  const TaskGraph graph = graph_of({.batch_tokens = 8, .requests = 8});
  EXPECT_TRUE(drawn(graph, {.seed = 7}, 8) == drawn(graph, {.seed = 7}, 8));
  EXPECT_FALSE(drawn(graph, {.seed = 7}, 8) == drawn(graph, {.seed = 8}, 8));
  EXPECT_FALSE(drawn(graph, {.seed = 7}, 8, 0) == drawn(graph, {.seed = 7}, 8, 1));
}

// Skewed tokens meet at the popular experts, so fewer are activated.
TEST(DrawRouting, ActivatesFewerExpertsTheMoreSkewedItIs) {
  const TaskGraph graph = graph_of({.batch_tokens = 16, .requests = 16}, 8);
  std::vector<std::uint32_t> activated;
  for (const double skew : {0.0, 1.0, 2.0}) {
    const IterationState state = drawn(graph, {.skew = skew}, 16);
    activated.push_back(sum(state.activated_experts, 0, state.activated_experts.size()));
  }
  EXPECT_GT(activated[0], activated[1]);
  EXPECT_GT(activated[1], activated[2]);
  // 8 layers, w13 and w2 each: 128 (1 - (1 - 8/128)^16) = 82.4 expected.
  EXPECT_NEAR(activated[0] / 16.0, 82.4, 4);
}

std::uint32_t busiest_group(const IterationState& state) {
  return *std::max_element(state.activated_experts.begin(), state.activated_experts.end());
}

// At one token 8 experts are active: a stride over them loads no group of 8 or 10 twice, fixed
// ranges do.
TEST(DrawRouting, FixedGroupsAreLessEvenThanAStrideOverTheActivated) {
  const TaskGraph stride = graph_of({}, 16);
  const TaskGraph fixed = graph_of({.experts = ExpertSchedule::kStatic}, 16);
  EXPECT_EQ(busiest_group(drawn(stride, {})), 1u);
  EXPECT_GE(busiest_group(drawn(fixed, {})), 2u);
}

TEST(DrawRouting, LeavesDenseModelsAlone) {
  const auto compiled = compile_model(*load_model("smollm2-135m"), {}, {});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(drawn(compiled->graph, {.skew = 1}), decode_step(1, 8));
}

}  // namespace
}  // namespace mk
