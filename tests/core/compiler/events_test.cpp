#include "core/compiler/events.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/compiler/normalise.h"
#include "tests/core/compiler/small_graphs.h"

namespace mk::compiler {
namespace {

using testing::SmallGraph;

SmallGraph chain(std::int64_t extent, std::uint32_t producers, std::uint32_t consumers) {
  SmallGraph g;
  const TensorId a = g.tensor(extent), b = g.tensor(extent);
  g.op(producers, {}, a);
  g.op(consumers, {SmallGraph::cut(a)}, b);
  return g;
}

DependencyGraph dependencies(const SmallGraph& g) {
  return strip_transitive(g.graph(), find_dependencies(g.graph()));
}

// facts/mpk.md 1.5
struct Row {
  std::uint32_t producers, consumers;
  std::uint64_t pairs;
  std::uint32_t exact_events, forking_producers, dummies, gcd_events;
};

class EventTable : public ::testing::TestWithParam<Row> {};

TEST_P(EventTable, ExactEventsAndTheirDummies) {
  const Row& row = GetParam();
  const SmallGraph g = chain(9600 * 64, row.producers, row.consumers);
  EventPlan plan = plan_events(g.graph(), dependencies(g), EventGranularity::kExact);
  EXPECT_EQ(plan.task_pairs, row.pairs);
  EXPECT_EQ(plan.events, row.exact_events);
  EXPECT_EQ(std::count_if(plan.notifies.begin(), plan.notifies.end(),
                          [](std::uint32_t c) { return c != kNoIndex && (c & kEventSet) != 0; }),
            row.forking_producers);
  EXPECT_EQ(testing::normalise(plan).size(), row.dummies);
}

TEST_P(EventTable, GcdEvents) {
  const Row& row = GetParam();
  const SmallGraph g = chain(9600 * 64, row.producers, row.consumers);
  const EventPlan plan = plan_events(g.graph(), dependencies(g), EventGranularity::kGcd);
  EXPECT_EQ(plan.events, row.gcd_events);
  EXPECT_TRUE(plan.sets.empty());
  EXPECT_EQ(plan.task_pairs, std::uint64_t{row.producers} * row.consumers / row.gcd_events);
}

INSTANTIATE_TEST_SUITE_P(Facts, EventTable,
                         ::testing::Values(Row{96, 48, 96, 48, 0, 0, 48},
                                           Row{96, 64, 128, 64, 32, 64, 32},
                                           Row{128, 96, 192, 96, 64, 128, 32},
                                           Row{64, 40, 96, 40, 32, 64, 8}));

TEST(GcdEvents, AreNotFinerWhereRoundedCutsHappenToMeet) {
  const SmallGraph g = chain(10, 7, 5);
  EXPECT_EQ(plan_events(g.graph(), dependencies(g), EventGranularity::kGcd).events, 1u);
}

// 6 rows in granules of 4 and 2: the blocks of gcd(2, 3) and of the regions differ.
TEST(GcdEvents, MergeBlocksThatGranulesKeepFromLiningUp) {
  SmallGraph g;
  const TensorId a = g.tensor(12), b = g.tensor(12);
  g.op(4, {}, a);                                       // 3 rows each
  const auto to = g.op(2, {SmallGraph::cut(a, 4)}, b);  // 4 and 8 rows
  const EventPlan plan = plan_events(g.graph(), dependencies(g), EventGranularity::kGcd);
  const std::uint32_t first = first_tasks(g.graph())[to];
  EXPECT_EQ(plan.waits_for[first], plan.notifies[1]);  // rows 3..5 reach into the first
  EXPECT_EQ(plan.waits_for[first + 1], plan.notifies[1]);
  EXPECT_EQ(plan.events, 1u);
}

// One event serves both branches of a fork: lcm of their blocks on the producer's side.
TEST(GcdEvents, ServeAllBranchesOfAFork) {
  SmallGraph g;
  const TensorId a = g.tensor(96), b = g.tensor(96), c = g.tensor(96);
  g.op(24, {}, a);
  g.op(8, {SmallGraph::cut(a)}, b);
  g.op(12, {SmallGraph::cut(a)}, c);
  const EventPlan plan = plan_events(g.graph(), dependencies(g), EventGranularity::kGcd);
  EXPECT_EQ(plan.events, 4u);  // gcd(8, 12): blocks of lcm(3, 2) = 6 producers
  EXPECT_TRUE(plan.sets.empty());
  EXPECT_EQ(plan.notifies[0], plan.notifies[5]);
  EXPECT_NE(plan.notifies[5], plan.notifies[6]);
}

TEST(GcdEvents, ServeAllBranchesOfAJoin) {
  SmallGraph g;
  const TensorId a = g.tensor(96), b = g.tensor(96), c = g.tensor(96);
  g.op(8, {}, a);
  g.op(12, {}, b);
  g.op(24, {SmallGraph::cut(a), SmallGraph::cut(b)}, c);
  const EventPlan plan = plan_events(g.graph(), dependencies(g), EventGranularity::kGcd);
  EXPECT_EQ(plan.events, 4u);
  EXPECT_TRUE(plan.sets.empty());
}

// x -> {y, z}, w -> z: z waits for two families, which takes empty tasks, not a refusal.
TEST(GcdEvents, LeaveWhatIsNeitherForkNorJoinToNormalisation) {
  SmallGraph g;
  const TensorId a = g.tensor(8), b = g.tensor(8), c = g.tensor(8), d = g.tensor(8);
  g.op(4, {}, a);
  g.op(4, {}, b);
  g.op(4, {SmallGraph::cut(a)}, c);
  const auto z = g.op(2, {SmallGraph::cut(a), SmallGraph::cut(b)}, d);
  EventPlan plan = plan_events(g.graph(), dependencies(g), EventGranularity::kGcd);
  EXPECT_EQ(plan.sets.size(), 2u);  // one a task of z
  const std::vector<EmptyTask> empty = testing::normalise(plan);
  EXPECT_EQ(empty.size(), 2u);  // from what y waits for too, into the event of its own
  EXPECT_TRUE(plan.sets.empty());
  EXPECT_EQ(empty[0].made_for, first_tasks(g.graph())[z]);
  EXPECT_EQ(empty[0].notifies, plan.waits_for[first_tasks(g.graph())[z]]);
}

TEST(OperatorEvents, AreBarriers) {
  const SmallGraph g = chain(96, 8, 4);
  const EventPlan plan = plan_events(g.graph(), dependencies(g), EventGranularity::kOperator);
  EXPECT_EQ(plan.events, 1u);
  EXPECT_EQ(plan.task_pairs, 32u);
  EXPECT_TRUE(plan.barrier[0]);
}

// Fusion by definition, on the definition's own terms: pair events, merged while any two agree.
TEST(ExactEvents, AreAFixpointOfBothFusions) {
  SmallGraph g;
  const TensorId a = g.tensor(60), b = g.tensor(60), c = g.tensor(60), d = g.tensor(60);
  g.op(6, {}, a);
  g.op(4, {}, b);
  g.op(5, {SmallGraph::cut(a), SmallGraph::whole(b)}, c);
  g.op(3, {SmallGraph::cut(a), SmallGraph::cut(b)}, d);
  const EventPlan plan = plan_events(g.graph(), dependencies(g), EventGranularity::kExact);
  std::vector<std::set<std::uint32_t>> in(plan.events), out(plan.events);
  for (std::uint32_t t = 0; t < plan.notifies.size(); ++t) {
    if (plan.waits_for[t] != kNoIndex) out[plan.waits_for[t]].insert(t);
    const std::uint32_t code = plan.notifies[t];
    if (code == kNoIndex) continue;
    if ((code & kEventSet) == 0) in[code].insert(t);
    if ((code & kEventSet) != 0)
      for (const std::uint32_t e : plan.sets[code & ~kEventSet]) in[e].insert(t);
  }
  for (std::uint32_t x = 0; x < plan.events; ++x) {
    EXPECT_FALSE(in[x].empty() || out[x].empty());
    for (std::uint32_t y = 0; y < x; ++y) EXPECT_TRUE(in[x] != in[y] && out[x] != out[y]);
  }
}

}  // namespace
}  // namespace mk::compiler
