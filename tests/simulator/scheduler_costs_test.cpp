// What a scheduler's step costs: cases that a person can work out. A body lasts 1 us.
#include <gtest/gtest.h>

#include "tests/simulator/simple.h"

namespace mk {
namespace {

using testing::layers;
using testing::makespan_us;
using testing::plain_options;
using testing::set;
using testing::simple_machine;

constexpr double kRounding = 1e-4;      // us
constexpr double kTask = 0.25 + 1 + 1;  // dispatch, body, notify

Machine machine_with_steps() {
  Machine machine = simple_machine();
  ProtocolNumbers& p = machine.protocol;
  set(p.notify.typical, 1);
  set(p.dispatch.typical, 0.25);
  set(p.fetch.typical, 2);
  set(p.activate.typical, 3);
  set(p.dequeue.typical, 4);
  set(p.enqueue.typical, 5);
  return machine;
}

SimulationOptions options_for(PolicyKind policy, std::uint32_t workers, std::uint32_t schedulers) {
  SimulationOptions options = plain_options(policy, workers, schedulers);
  options.mechanisms.poll_phase = false;
  return options;
}

TEST(SchedulerCosts, AStepReleasesItsStoresWorkerByWorkerAtItsEnd) {
  Machine machine = machine_with_steps();
  set(machine.protocol.publish, 2);
  set(machine.protocol.publish_batch, 8);
  const SimulationOptions options = options_for(PolicyKind::kJit, 4, 1);
  // The last of four workers sees its task after all stores and all releases.
  EXPECT_NEAR(makespan_us(layers(1, 4, 10'000), machine, options),
              3 + 4 + 4 * 5 + 4 * 2 + 2 + kTask, kRounding);
}

TEST(SchedulerCosts, AReleaseTakesNoMoreThanItsBatch) {
  Machine machine = machine_with_steps();
  set(machine.protocol.publish, 2);
  set(machine.protocol.publish_batch, 2);
  const SimulationOptions options = options_for(PolicyKind::kJit, 1, 1);
  // Two of three tasks can be seen at 7 + 10 + 2, the third one at 7 later, when they are done.
  EXPECT_NEAR(makespan_us(layers(1, 3, 10'000), machine, options),
              3 + 4 + 10 + 2 + (5 + 2) + 2 + kTask, kRounding);
}

TEST(SchedulerCosts, AWorkerWithoutSchedulersReleasesEachStore) {
  Machine machine = machine_with_steps();
  set(machine.protocol.publish, 2);
  set(machine.protocol.publish_batch, 8);
  const SimulationOptions options = options_for(PolicyKind::kJit, 2, 0);
  // Worker 0 stores for both of them; the second one has its task when it has released both.
  EXPECT_NEAR(makespan_us(layers(1, 2, 10'000), machine, options), 2 * (5 + 2) + 2 + kTask,
              kRounding);
}

TEST(SchedulerCosts, LanesReleaseSideBySide) {
  Machine machine = machine_with_steps();
  set(machine.protocol.publish, 2);
  set(machine.protocol.publish_batch, 8);
  set(machine.protocol.scheduler_lanes, 2);
  const SimulationOptions options = options_for(PolicyKind::kJit, 4, 1);
  // Each lane goes through all four tasks, and releases to two workers.
  EXPECT_NEAR(makespan_us(layers(1, 4, 10'000), machine, options),
              3 + 4 + 4 * 5 + 2 * 2 + 2 + kTask, kRounding);
}

TEST(SchedulerCosts, LanesStoreAotTasksSideBySide) {
  Machine machine = machine_with_steps();
  set(machine.protocol.publish, 2);
  set(machine.protocol.publish_batch, 8);
  set(machine.protocol.scheduler_lanes, 4);
  SimulationOptions options = options_for(PolicyKind::kAot, 4, 1);
  EXPECT_NEAR(makespan_us(layers(1, 4, 10'000), machine, options), 3 + 4 + 5 + 2 + 2 + kTask,
              kRounding);
  options.mechanisms.scheduler_lanes = false;
  EXPECT_NEAR(makespan_us(layers(1, 4, 10'000), machine, options),
              3 + 4 + 4 * 5 + 4 * 2 + 2 + kTask, kRounding);
}

TEST(SchedulerCosts, StoresOfBeginMayTakeLongerThanThoseOfAnEvent) {
  Machine machine = machine_with_steps();
  const SimulationOptions aot = options_for(PolicyKind::kAot, 1, 1);
  const SimulationOptions jit = options_for(PolicyKind::kJit, 1, 1);
  const auto graph = layers(1, 1, 10'000);
  const double aot_before = makespan_us(graph, machine, aot);
  const double jit_before = makespan_us(graph, machine, jit);
  set(machine.protocol.enqueue_aot, 8);  // for the 5 of enqueue
  EXPECT_NEAR(makespan_us(graph, machine, aot), aot_before + 3, kRounding);
  EXPECT_EQ(makespan_us(graph, machine, jit), jit_before);
}

TEST(SchedulerCosts, PushesOfAnEventForAllGoOneAfterTheOther) {
  Machine machine = machine_with_steps();
  const SimulationOptions options = options_for(PolicyKind::kJit, 4, 4);
  const auto graph = layers(1, 8, 10'000);
  // Two tasks for each of four workers: the second one is stored after the first has been fetched.
  const double step = 4 + 2 * 5 + 2 + kTask;
  EXPECT_NEAR(makespan_us(graph, machine, options), 3 + step, kRounding);

  set(machine.protocol.broadcast_push, 1.5);
  EXPECT_NEAR(makespan_us(graph, machine, options), 4 * 1.5 + step, kRounding);
}

TEST(SchedulerCosts, EachSchedulerIsLookedAtWhetherOrNotItHasToDo) {
  Machine machine = machine_with_steps();
  set(machine.protocol.broadcast_push, 1.5);
  const SimulationOptions options = options_for(PolicyKind::kHybrid, 4, 4);
  // Two JIT tasks for four schedulers: `begin` has nothing else.
  const auto graph = layers(1, 2, 10'000, LaunchLabel::kJit);
  const double without = makespan_us(graph, machine, options);
  set(machine.protocol.broadcast_look, 0.5);
  EXPECT_GE(makespan_us(graph, machine, options), without + 0.5);
  EXPECT_LE(makespan_us(graph, machine, options), without + 4 * 0.5);
}

TEST(SchedulerCosts, AotTasksThatAreInTheirQueuesByTheBeginCostNoStores) {
  SimulationOptions options = options_for(PolicyKind::kAot, 1, 1);
  const auto graph = layers(10, 1, 10'000);
  const double stores = makespan_us(graph, machine_with_steps(), options);
  options.mechanisms.aot_enqueue = false;
  const double none = makespan_us(graph, machine_with_steps(), options);

  EXPECT_NEAR(none, 3 + 4 + 2 + 10 * kTask, kRounding);
  EXPECT_GT(stores, none + 5);
}

TEST(SchedulerCosts, AJitEventWaitsForTheStoresOfAllAotTasksOfItsScheduler) {
  // Layer 0 is AOT, layer 1 JIT; 20 more AOT tasks are stored in the same step as layer 0.
  TaskGraphBuilder builder({}, TaskGraphBuilder::OperatorTiles::kAny);
  TaskClass work;
  work.weight_bytes.base = 10'000;
  const std::uint32_t task_class = builder.add_class(work);
  Operator op;
  op.name = "linear";
  op.kind = TaskKind::kLinear;
  op.grid.extent = {32, 1, 1};
  const OperatorId id = builder.add_operator(op);
  const auto first = builder.add_event();
  const auto second = builder.add_event();
  const auto add = [&](LaunchLabel label, auto before, auto after) {
    builder.add_task({id, TaskKind::kLinear, 0, task_class, label, before, after});
  };
  add(LaunchLabel::kAot, TaskGraphBuilder::kBegin, first);
  add(LaunchLabel::kJit, first, second);
  for (int i = 0; i < 20; ++i) add(LaunchLabel::kAot, second, TaskGraphBuilder::kEnd);
  const auto graph = std::make_shared<const TaskGraph>(std::move(builder).build().value());
  SimulationOptions options = options_for(PolicyKind::kHybrid, 7, 1);
  options.record = true;

  const auto start_of_jit = [&] {
    const auto result = simulate(graph, machine_with_steps(), options);
    EXPECT_TRUE(result) << result.error().message;
    if (!result) return 0.0;
    for (const TaskRecord& task : result->record->tasks) {
      if (graph->tasks().label[task.task] == LaunchLabel::kJit)
        return static_cast<double>(task.start) * 1e-3;
    }
    return 0.0;
  };

  EXPECT_NEAR(start_of_jit(), 3 + 4 + 21 * 5 + 4 + 5 + 2 + 0.25, 2e-3);
  options.mechanisms.aot_enqueue = false;
  // begin, the first task, its event's step.
  EXPECT_NEAR(start_of_jit(), 3 + 4 + 2 + kTask + 3 + 4 + 5 + 2 + 0.25, 2e-3);
}

TEST(SchedulerCosts, TheirShareIsDequeuesAndStoresOverAllSchedulersTime) {
  const SimulationOptions options = options_for(PolicyKind::kJit, 1, 1);
  const auto result = simulate(layers(10, 1, 10'000), machine_with_steps(), options);
  ASSERT_TRUE(result);
  // Ten steps, and the dequeue of `end`, which comes after the makespan.
  EXPECT_NEAR(result->scheduler_busy_fraction * to_microseconds(result->makespan), 10 * (4 + 5) + 4,
              kRounding);
}

}  // namespace
}  // namespace mk
