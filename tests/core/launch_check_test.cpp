#include "core/launch_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/compiler.h"
#include "tests/core/exhaustive_launch.h"
#include "tests/core/random_launch.h"
#include "tests/support/layered_graph.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kMostStates = 60'000;

std::string message(const std::vector<LaunchProblem>& problems) {
  return problems.empty() ? "" : problems[0].message;
}

// 2,000 plans with one to three things changed, each judged by executing it in every order. What
// the check accepts never goes wrong. What it refuses may do well all the same: a dispatcher may
// never deal a task to the worker that blocks, a queue's worst case may not be reachable, an odd
// event may do no harm. But a cycle, where no worker blocks with a JIT queue behind it, is a
// certain deadlock.
TEST(LaunchCheck, AcceptsNoUnsafeLaunch) {
  std::mt19937 random(20261125);
  std::uint32_t judged = 0, unsafe = 0, refused_needlessly = 0;
  while (judged < 2000) {
    LaunchPlan plan = testing::random_launch(random);
    for (std::uint32_t i = std::uniform_int_distribution<std::uint32_t>(1, 3)(random); i > 0; --i)
      testing::mutate(plan, random);
    const auto execution = testing::execute_in_every_order(plan, 2, kMostStates);
    if (!execution) continue;
    ++judged;
    const std::vector<LaunchProblem> problems = check_launch(plan);
    const bool is_safe = execution->fault.empty();
    unsafe += is_safe ? 0 : 1;
    ASSERT_TRUE(is_safe || !problems.empty()) << "plan " << judged << ": " << execution->fault;
    if (!is_safe || problems.empty()) continue;
    ++refused_needlessly;
    EXPECT_TRUE(plan.policy.blocking_fifo || problems[0].fault != LaunchFault::kCycle)
        << "plan " << judged << ": " << problems[0].message;
  }
  RecordProperty("unsafe", static_cast<int>(unsafe));
  RecordProperty("refused_needlessly", static_cast<int>(refused_needlessly));
  EXPECT_GT(unsafe, 800u);
  EXPECT_GT(judged - unsafe, 200u) << "some mutations are harmless";
  EXPECT_LT(refused_needlessly, 300u);
}

TEST(LaunchCheck, AcceptsSoundLaunches) {
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    LaunchPlan plan = testing::random_launch(random);
    plan.policy.blocking_fifo = false;
    EXPECT_THAT(check_launch(plan), IsEmpty()) << i << ": " << message(check_launch(plan));
  }
}

LaunchPlan plan_of(const TaskGraph& graph, PolicyKind kind, const Roles& roles,
                   Placement placement = Placement::kRoundRobin) {
  Policy policy;
  policy.kind = kind;
  policy.placement = placement;
  LaunchPlan plan = make_launch_plan(graph, policy, roles, {});
  plan.capacities = needed_capacities(plan);
  return plan;
}

TEST(LaunchCheck, AcceptsTheCompilersGraphsUnderEveryPolicyAndPlacement) {
  ModelConfig model = *load_model("qwen3-30b-a3b");
  model.layers = 2;
  for (const std::uint32_t devices : {1u, 2u}) {
    const TaskGraph graph = compile_model(model, {.devices = devices}, {})->graph;
    for (const PolicyKind kind :
         {PolicyKind::kHybrid, PolicyKind::kAot, PolicyKind::kJit, PolicyKind::kStatic}) {
      for (const Placement placement :
           {Placement::kRoundRobin, Placement::kSwizzle, Placement::kLongestFirst,
            Placement::kEarliestFinish, Placement::kLocality}) {
        for (const std::uint32_t schedulers : {0u, 3u, 16u}) {
          const LaunchPlan plan = plan_of(graph, kind, {7, schedulers}, placement);
          EXPECT_THAT(check_launch(plan), IsEmpty())
              << facts(kind).name << ", " << name_of(placement) << ": "
              << message(check_launch(plan));
        }
      }
    }
  }
}

// The open code's blocking worker cannot have a JIT path (facts/mpk.md 2.5): the task that would
// wake it may lie behind it.
TEST(LaunchCheck, RefusesBlockingWorkersWhereTasksAreLaunchedJit) {
  ModelConfig model = *load_model("smollm2-135m");
  model.layers = 1;
  const TaskGraph graph = compile_model(model, {}, {})->graph;
  LaunchPlan plan = plan_of(graph, PolicyKind::kHybrid, {4, 1});
  plan.policy.blocking_fifo = true;
  const std::vector<LaunchProblem> problems = check_launch(plan);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].fault, LaunchFault::kCycle);
  EXPECT_TRUE(std::any_of(problems[0].cycle.begin(), problems[0].cycle.end(),
                          [](CycleStep step) { return step.reason == WaitReason::kBlockedHead; }));
}

// begin -> 0 -> event 1 -> 1 -> end, on one worker.
LaunchPlan pair() {
  LaunchPlan plan;
  plan.policy.kind = PolicyKind::kStatic;
  plan.roles = {1, 0};
  plan.dependent_event = {0, 1};
  plan.triggering_event = {1, 2};
  plan.device = {0, 0};
  plan.is_jit = {0, 0};
  plan.trigger_count = {1, 1, 1};
  plan.first_task = {0, 1, 2};
  plan.end_task = {1, 2, 2};
  plan.event_device = {0, 0, 0};
  plan.lists = {{0, 1}};
  return plan;
}

TEST(LaunchCheck, NamesTheCycleOfAListAgainstItsEvents) {
  LaunchPlan plan = pair();
  ASSERT_THAT(check_launch(plan), IsEmpty());
  plan.lists = {{1, 0}};
  const std::vector<LaunchProblem> problems = check_launch(plan);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0].cycle,
              ::testing::UnorderedElementsAre(CycleStep{0, WaitReason::kListOrder},
                                              CycleStep{1, WaitReason::kEvent}));
  EXPECT_THAT(problems[0].message, HasSubstr("stands in a list behind"));
}

TEST(LaunchCheck, NamesTheEventThatNobodyCompletes) {
  LaunchPlan plan = pair();
  plan.trigger_count[1] = 2;
  EXPECT_THAT(message(check_launch(plan)), HasSubstr("event 1: counts to 2, gets 1"));
}

TEST(LaunchCheck, NamesTheTaskThatNobodyLaunches) {
  LaunchPlan plan = pair();
  plan.lists = {{0}};
  EXPECT_THAT(message(check_launch(plan)), HasSubstr("task 1: launched 0 times"));
}

TEST(LaunchCheck, NamesTheQueueThatIsTooShort) {
  LaunchPlan plan = pair();
  plan.policy.kind = PolicyKind::kAot;
  plan.roles.schedulers = 1;
  plan.phase_step = {0};
  plan.capacities = {1, 2};
  EXPECT_THAT(message(check_launch(plan)),
              HasSubstr("may get 2 tasks in an iteration, and holds 1"));
  plan.capacities = {2, 1};
  EXPECT_THAT(message(check_launch(plan)), HasSubstr("may get 2 events in an iteration"));
}

TEST(LaunchCheck, NamesIndexesThatPointNowhere) {
  LaunchPlan plan = pair();
  plan.triggering_event[0] = 9;
  EXPECT_THAT(message(check_launch(plan)), HasSubstr("notifies event 9; there are 3"));
}

// The judge itself: it finds the deadlock of the reversed list, and none in the right one.
TEST(ExhaustiveExecution, FindsADeadlock) {
  LaunchPlan plan = pair();
  EXPECT_EQ(testing::execute_in_every_order(plan, 2, 1000)->fault, "");
  plan.lists = {{1, 0}};
  EXPECT_EQ(testing::execute_in_every_order(plan, 2, 1000)->fault, "nothing can move");
}

}  // namespace
}  // namespace mk
