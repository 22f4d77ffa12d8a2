#include "core/policy.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "tests/support/layered_graph.h"

namespace mk {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

const std::vector<Placement> kPlacements = {Placement::kRoundRobin, Placement::kSwizzle,
                                            Placement::kLongestFirst, Placement::kEarliestFinish,
                                            Placement::kLocality};

std::vector<std::uint32_t> list(const PlacementTables& tables, std::uint32_t worker) {
  const auto span = tables.worker_list(worker);
  return {span.begin(), span.end()};
}

// Eight tasks that wait for begin.
TaskGraph eight_tasks() { return testing::grouped_graph({.operators = 1, .tasks = 8}); }

TEST(PolicyNames, ReadBackEqual) {
  for (const PolicyFacts& f : kPolicies) EXPECT_EQ(policy_from_name(f.name), f.kind);
  for (const Placement p : kPlacements) EXPECT_EQ(placement_from_name(name_of(p)), p);
  EXPECT_FALSE(policy_from_name("nothing").has_value());
  EXPECT_FALSE(placement_from_name("nothing").has_value());
}

TEST(Policies, StandAtTheirIndex) {
  for (const PolicyFacts& f : kPolicies) EXPECT_EQ(facts(f.kind).name, f.name);
}

TEST(Placement, PutsEachAheadPlacedTaskOnOneWorkerInTaskOrder) {
  const TaskGraph graph = testing::random_graph(3, 200);
  for (const Placement placement : kPlacements) {
    for (const PolicyKind kind : {PolicyKind::kAot, PolicyKind::kHybrid, PolicyKind::kStatic}) {
      const PlacementTables tables = make_placement(graph, {kind, placement}, {5, 2});
      std::multiset<std::uint32_t> placed;
      for (std::uint32_t w = 0; w < 5; ++w) {
        const std::vector<std::uint32_t> tasks = list(tables, w);
        EXPECT_TRUE(std::is_sorted(tasks.begin(), tasks.end()));
        placed.insert(tasks.begin(), tasks.end());
      }
      for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
        const bool is_jit = is_jit_launched(kind, graph.tasks().label[t]);
        EXPECT_EQ(placed.count(t), is_jit ? 0U : 1U);
      }
    }
  }
}

TEST(Placement, MarksTheEventsThatLaunchJitTasks) {
  const TaskGraph graph = testing::random_graph(3, 200);
  const PlacementTables tables = make_placement(graph, {PolicyKind::kHybrid}, {5, 2});
  for (std::uint32_t e = 0; e < graph.event_count(); ++e) {
    const auto first = graph.tasks().label.begin() + graph.events().first_task[e];
    const auto end = graph.tasks().label.begin() + graph.events().end_task[e];
    EXPECT_EQ(tables.launches_jit[e] != 0, std::find(first, end, LaunchLabel::kJit) != end);
  }
}

TEST(Placement, RoundRobinDealsOneTaskAWorker) {
  const PlacementTables tables =
      make_placement(eight_tasks(), {PolicyKind::kAot, Placement::kRoundRobin}, {3, 1});
  EXPECT_THAT(list(tables, 0), ElementsAre(0, 3, 6));
  EXPECT_THAT(list(tables, 1), ElementsAre(1, 4, 7));
  EXPECT_THAT(list(tables, 2), ElementsAre(2, 5));
  EXPECT_THAT(tables.phase_step, ElementsAre(2));  // 8 tasks: it goes on with worker 2
}

TEST(Placement, RoundRobinDriftsWithinEachSchedulersRangeAndNeverUnderStatic) {
  const TaskGraph graph = eight_tasks();
  const Policy aot{PolicyKind::kAot, Placement::kRoundRobin};
  // Scheduler 0 owns worker 0, scheduler 1 workers 1 and 2, which get 5 tasks.
  EXPECT_THAT(make_placement(graph, aot, {3, 2}).phase_step, ElementsAre(0, 1));
  EXPECT_THAT(make_placement(graph, {PolicyKind::kStatic}, {3, 0}).phase_step, Each(0U));
}

TEST(Placement, SwizzleTurnsRoundAtTheEndOfARow) {
  const PlacementTables tables =
      make_placement(eight_tasks(), {PolicyKind::kStatic, Placement::kSwizzle}, {3, 0});
  EXPECT_THAT(list(tables, 0), ElementsAre(0, 5, 6));
  EXPECT_THAT(list(tables, 1), ElementsAre(1, 4, 7));
  EXPECT_THAT(list(tables, 2), ElementsAre(2, 3));
}

TEST(Placement, LongestFirstGivesTheLongestTaskToTheLeastLoaded) {
  const std::vector<double> us = {1, 1, 1, 1, 1, 1, 2, 6};
  const PlacementTables tables =
      make_placement(eight_tasks(), {PolicyKind::kStatic, Placement::kLongestFirst}, {2, 0}, 0, us);
  EXPECT_THAT(list(tables, 0), ElementsAre(4, 7));  // 6 + 1
  EXPECT_THAT(list(tables, 1), ElementsAre(0, 1, 2, 3, 5, 6));
}

TEST(Placement, EarliestFinishBalancesAcrossEvents) {
  const TaskGraph graph = testing::grouped_graph({.operators = 2, .tasks = 8});
  std::vector<double> us(16, 1.0);
  us[0] = 100;
  const PlacementTables tables =
      make_placement(graph, {PolicyKind::kStatic, Placement::kEarliestFinish}, {2, 0}, 0, us);
  EXPECT_EQ(list(tables, 0).front(), 0U);
  EXPECT_GE(list(tables, 1).size(), 7U);  // worker 1 does the rest of the first operator
}

TEST(Placement, LocalityKeepsAChainOnItsWorker) {
  // Groups of one: each task of an operator has one producer in the operator before.
  const TaskGraph graph = testing::grouped_graph({.operators = 6, .tasks = 4, .fan_in = 1});
  const PlacementTables tables =
      make_placement(graph, {PolicyKind::kStatic, Placement::kLocality}, {4, 0});
  std::vector<std::uint32_t> worker_of(graph.task_count());
  for (std::uint32_t w = 0; w < 4; ++w) {
    for (const std::uint32_t t : list(tables, w)) worker_of[t] = w;
  }
  std::uint32_t kept = 0;
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    for (std::uint32_t c = 0; c < graph.task_count(); ++c) {
      if (graph.tasks().dependent_event[c] == graph.tasks().triggering_event[t]) {
        kept += worker_of[c] == worker_of[t] ? 1U : 0U;
      }
    }
  }
  EXPECT_EQ(kept, 20U);  // all 5 x 4 dependencies
}

TEST(PlacementRows, TurnWithThePhaseWithinTheRange) {
  const PlacementTables tables =
      make_placement(eight_tasks(), {PolicyKind::kAot, Placement::kRoundRobin}, {4, 1});
  std::vector<std::pair<std::uint32_t, std::uint32_t>> emitted;
  for_each_aot_row(
      {0, 4}, 1, tables.list_first.data(), tables.list_tasks.data(),
      [&](std::uint32_t worker, std::uint32_t task) { emitted.emplace_back(worker, task); });
  using Pair = std::pair<std::uint32_t, std::uint32_t>;
  EXPECT_THAT(emitted, ElementsAre(Pair(0, 3), Pair(1, 0), Pair(2, 1), Pair(3, 2), Pair(0, 7),
                                   Pair(1, 4), Pair(2, 5), Pair(3, 6)));
}

TEST(PlacementRows, TurnByTheStepInEveryIteration) {
  EXPECT_EQ(phase_in({0, 4}, 3, 0), 0U);
  EXPECT_EQ(phase_in({0, 4}, 3, 1), 3U);
  EXPECT_EQ(phase_in({0, 4}, 3, 2), 2U);
  EXPECT_EQ(phase_in({2, 5}, 2, 0xffffffffU), 0U);  // 2 x (2^32 - 1) is a multiple of 3
  EXPECT_EQ(phase_in({2, 2}, 0, 7), 0U);            // a scheduler without workers
}

TEST(Schedulers, ShareEveryRangeExactlyOnce) {
  for (std::uint32_t workers = 1; workers <= 6; ++workers) {
    for (std::uint32_t schedulers = 1; schedulers <= 8; ++schedulers) {
      for (const std::uint32_t tasks : {1U, 7U, 8U, 9U, 30U}) {
        for (std::uint32_t event = 0; event < 5; ++event) {
          const Roles roles{workers, schedulers};
          std::vector<int> placed(tasks, 0);
          for (std::uint32_t d = 0; d < schedulers; ++d) {
            const TaskRange share = share_of(roles, d, event, 100, 100 + tasks);
            EXPECT_TRUE(share.begin == share.end || workers_of(roles, d).size() > 0);
            for (std::uint32_t t = share.begin; t < share.end; ++t) ++placed[t - 100];
          }
          EXPECT_THAT(placed, Each(1));
        }
      }
    }
  }
}

TEST(JitPlacement, InTurnGoesRoundTheRange) {
  DispatcherState state;
  const Policy policy{PolicyKind::kJit};
  std::vector<std::uint32_t> workers;
  for (std::uint32_t i = 0; i < 5; ++i) {
    workers.push_back(place_jit(policy, {4, 7}, state, i, nullptr));
  }
  EXPECT_THAT(workers, ElementsAre(4, 5, 6, 4, 5));
}

TEST(JitPlacement, ShortestQueueBreaksTiesInTurn) {
  DispatcherState state;
  const Policy policy{PolicyKind::kJit, Placement::kRoundRobin, JitPlacement::kShortestQueue};
  const std::uint32_t depths[] = {2, 1, 1};
  EXPECT_EQ(place_jit(policy, {0, 3}, state, 0, depths), 1U);
  EXPECT_EQ(place_jit(policy, {0, 3}, state, 0, depths), 2U);
  EXPECT_EQ(place_jit(policy, {0, 3}, state, 0, depths), 1U);
}

TEST(NextQueue, TakesJitFirstAndWaitsOnlyWhereThePolicyBlocks) {
  const QueueView both{false, false, true};
  const QueueView aot_ready{true, false, true};
  const QueueView aot_not_ready{true, false, false};
  const Policy hybrid{PolicyKind::kHybrid};
  EXPECT_EQ(next_queue(hybrid, both), NextQueue::kJit);
  EXPECT_EQ(next_queue(hybrid, aot_ready), NextQueue::kAot);
  EXPECT_EQ(next_queue(hybrid, aot_not_ready), NextQueue::kNone);
  EXPECT_EQ(next_queue({PolicyKind::kAot}, aot_not_ready), NextQueue::kAot);
  Policy fifo = hybrid;
  fifo.blocking_fifo = true;
  EXPECT_EQ(next_queue(fifo, aot_not_ready), NextQueue::kAot);
}

}  // namespace
}  // namespace mk
