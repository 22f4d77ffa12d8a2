// Cases whose makespan a person can work out. 10,000 bytes stream in 1 us unless a test says
// otherwise; tolerances are the few ps that rounding up takes.
#include <gtest/gtest.h>

#include "tests/simulator/simple.h"

namespace mk {
namespace {

using testing::layers;
using testing::makespan_us;
using testing::plain_options;
using testing::set;
using testing::simple_machine;

constexpr double kRounding = 1e-4;  // us

Machine machine_with_hops() {
  Machine machine = simple_machine();
  ProtocolNumbers& p = machine.protocol;
  set(p.notify.typical, 1);
  set(p.observe.typical, 0.5);
  set(p.dispatch.typical, 0.25);
  set(p.fetch.typical, 2);
  set(p.activate.typical, 3);
  set(p.dequeue.typical, 4);
  set(p.enqueue.typical, 5);
  return machine;
}

SimulationOptions without_poll_phase(PolicyKind policy, std::uint32_t workers,
                                     std::uint32_t schedulers = 0) {
  SimulationOptions options = plain_options(policy, workers, schedulers);
  options.mechanisms.poll_phase = false;
  return options;
}

TEST(ClosedForms, OneTaskLastsStartUpStreamEpilogueAndFixed) {
  Machine machine = simple_machine();
  BodyNumbers& linear = machine.bodies[index_of(TaskKind::kLinear)];
  set(linear.start_up, 0.5);
  set(linear.epilogue, 0.25);
  set(linear.fixed, 2);
  const double us =
      makespan_us(layers(1, 1, 10'000), machine, plain_options(PolicyKind::kStatic, 1));
  EXPECT_NEAR(us, 0.5 + 1 + 0.25 + 2, kRounding);
}

TEST(ClosedForms, OneTaskOfTilesPaysStartUpAndEpilogueForEach) {
  Machine machine = simple_machine();
  BodyNumbers& linear = machine.bodies[index_of(TaskKind::kLinear)];
  set(linear.start_up, 0.5);
  set(linear.epilogue, 0.25);
  set(linear.tile_bytes, 4'000);
  const double us =
      makespan_us(layers(1, 1, 10'000), machine, plain_options(PolicyKind::kStatic, 1));
  EXPECT_NEAR(us, 3 * (0.5 + 0.25) + 1, kRounding);  // tiles of 4, 4 and 2 KB
}

TEST(ClosedForms, ATaskIsBoundByItsArithmeticWhereThatLastsLonger) {
  const double us = makespan_us(layers(1, 1, 10'000, LaunchLabel::kAot, 3'000'000),
                                simple_machine(), plain_options(PolicyKind::kStatic, 1));
  EXPECT_NEAR(us, 3, kRounding);  // 3e6 flops at 1000 a cycle of 1 ns
}

TEST(ClosedForms, BytesInFlightOverLoadedLatencyLimitAStream) {
  Machine machine = simple_machine();
  set(machine.bodies[index_of(TaskKind::kLinear)].bytes_in_flight, 2'000);
  set(machine.memory.loaded_latency, 0.5);
  const double us =
      makespan_us(layers(1, 1, 10'000), machine, plain_options(PolicyKind::kStatic, 1));
  EXPECT_NEAR(us, 2.5, kRounding);  // 4 KB a us
}

TEST(ClosedForms, AChainUnderStaticPaysObserveDispatchAndNotifyATask) {
  const double us = makespan_us(layers(40, 1, 10'000), machine_with_hops(),
                                without_poll_phase(PolicyKind::kStatic, 2));
  // Two workers take turns with lists of 20 descriptors, which they fetch 16 at a time: the first
  // fetch is on the path of the first task only, the second one while the other worker runs.
  EXPECT_NEAR(us, 2 + 40 * (0.5 + 0.25 + 1 + 1), kRounding);
}

TEST(ClosedForms, AChainUnderJitPaysTheSchedulersStep) {
  const double us = makespan_us(layers(10, 1, 10'000), machine_with_hops(),
                                without_poll_phase(PolicyKind::kJit, 1, 1));
  const double step = 3 + 4 + 5;
  EXPECT_NEAR(us, 10 * (step + 2 + 0.25 + 1 + 1), kRounding);
}

TEST(ClosedForms, AChainUnderJitWithNoSchedulerIsDispatchedByTheWorker) {
  const double us = makespan_us(layers(10, 1, 10'000), machine_with_hops(),
                                without_poll_phase(PolicyKind::kJit, 1, 0));
  EXPECT_NEAR(us, 10 * (5 + 2 + 0.25 + 1 + 1), kRounding);  // no activate, no dequeue
}

TEST(ClosedForms, AnAotChainWaitsForItsFirstEnqueueOnly) {
  const double us = makespan_us(layers(10, 1, 10'000), machine_with_hops(),
                                without_poll_phase(PolicyKind::kAot, 1, 1));
  // The second task is enqueued 5 us later, after the first fetch: it waits for that (12 + 10 + 2),
  // and then each for the next enqueue, 5 us apart, with a fetch of its own; the body and its hops
  // take 2.75 + 2, less than that.
  EXPECT_NEAR(us, 3 + 4 + 10 * 5 + 2 + 0.5 + 0.25 + 1 + 1, kRounding);
}

TEST(ClosedForms, AHybridChainOfJitTasksEqualsAJitOne) {
  const auto graph = layers(10, 1, 10'000, LaunchLabel::kJit);
  const Machine machine = machine_with_hops();
  EXPECT_NEAR(makespan_us(graph, machine, without_poll_phase(PolicyKind::kHybrid, 1, 1)),
              makespan_us(graph, machine, without_poll_phase(PolicyKind::kJit, 1, 1)), kRounding);
}

TEST(ClosedForms, EqualTasksOnWorkersTakeWholeRounds) {
  const double us =
      makespan_us(layers(1, 21, 10'000), simple_machine(), plain_options(PolicyKind::kStatic, 8));
  EXPECT_NEAR(us, 3, kRounding);
}

TEST(ClosedForms, AWaveThatAsksForMoreThanTheMemoryHasRunsAtItsBandwidth) {
  Machine machine = simple_machine();
  set(machine.memory.curve[0].bandwidth, 40);
  const double us =
      makespan_us(layers(1, 8, 10'000), machine, plain_options(PolicyKind::kStatic, 8));
  EXPECT_NEAR(us, 80'000 / 40e3, kRounding);
}

TEST(ClosedForms, TheCurveGivesFewStreamsLess) {
  Machine machine = simple_machine();
  set(machine.memory.curve[0].active, 8);
  set(machine.memory.curve[0].bandwidth, 40);
  const double us =
      makespan_us(layers(1, 2, 10'000), machine, plain_options(PolicyKind::kStatic, 8));
  EXPECT_NEAR(us, 20'000 / 10e3, kRounding);  // 2 of 8 SMs: a quarter of the bandwidth
}

TEST(ClosedForms, ArrivalsAtOneCounterQueueUp) {
  Machine machine = simple_machine();
  set(machine.protocol.notify.typical, 1);
  set(machine.protocol.contention, 0.1);
  const double us =
      makespan_us(layers(1, 8, 10'000), machine, plain_options(PolicyKind::kStatic, 8));
  EXPECT_NEAR(us, 1 + 1 + 7 * 0.1, kRounding);
}

TEST(ClosedForms, IterationsAreSeparatedByTheBoundary) {
  Machine machine = simple_machine();
  set(machine.boundary.base.typical, 7);
  set(machine.boundary.per_request, 2);
  set(machine.boundary.per_token, 1);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 1);
  options.iterations.assign(3, decode_step(2, 5));
  EXPECT_NEAR(makespan_us(layers(1, 1, 10'000), machine, options), 3 * 1 + 2 * (7 + 2 * 2 + 2),
              kRounding);
}

TEST(ClosedForms, AChainOfKernelsIsBoundByItsLaunches) {
  Machine machine = simple_machine();
  set(machine.sms, 1);
  set(machine.default_workers, 1);
  set(machine.launch.graph.typical, 1.5);
  set(machine.launch.graph_launch.typical, 5);
  set(machine.launch.kernel_fill, 0.25);
  set(machine.launch.kernel_drain, 0.5);
  const double us =
      makespan_us(layers(20, 1, 10'000), machine, plain_options(PolicyKind::kGraph, 1));
  EXPECT_NEAR(us, 5 + 20 * (0.25 + 1 + 0.5) + 19 * 1.5, kRounding);
}

TEST(ClosedForms, ShortKernelsInAStreamWaitForTheHost) {
  Machine machine = simple_machine();
  set(machine.launch.eager.typical, 4);
  set(machine.launch.stream.typical, 0.5);
  const double us =
      makespan_us(layers(20, 8, 10'000), machine, plain_options(PolicyKind::kStream, 1));
  EXPECT_NEAR(us, 20 * 4 + 1, kRounding);
}

TEST(ClosedForms, DependentLaunchHidesFillAndDrain) {
  Machine machine = simple_machine();
  set(machine.launch.pdl.typical, 0.125);
  set(machine.launch.kernel_fill, 0.25);
  set(machine.launch.kernel_drain, 0.5);
  const double us = makespan_us(layers(20, 8, 10'000), machine, plain_options(PolicyKind::kPdl, 1));
  EXPECT_NEAR(us, 0.25 + 20 * 1 + 19 * 0.125 + 0.5, kRounding);
}

TEST(ClosedForms, BlocksPastTheSlotsRunInASecondWave) {
  Machine machine = simple_machine();
  set(machine.launch.kernel_drain, 0.5);
  const auto graph = layers(1, 9, 10'000);
  SimulationOptions options = plain_options(PolicyKind::kGraph, 1);
  EXPECT_NEAR(makespan_us(graph, machine, options), 2 + 0.5, kRounding);
  options.mechanisms.waves = false;
  EXPECT_NEAR(makespan_us(graph, machine, options), 9.0 / 8 + 0.5, kRounding);
}

TEST(ClosedForms, AWorkerThatPollsSeesAFlagAtItsNextPoll) {
  Machine machine = simple_machine();
  set(machine.protocol.poll_interval, 0.75);
  // Worker 1 holds the second task from 0 on and polls at 0.75, 1.5; the event comes at 1.
  const double us =
      makespan_us(layers(2, 1, 10'000), machine, plain_options(PolicyKind::kStatic, 2));
  EXPECT_NEAR(us, 1.5 + 1, kRounding);
}

Machine machine_with_pages(double bytes) {
  Machine machine = simple_machine();
  set(machine.bodies[index_of(TaskKind::kLinear)].start_up, 0.5);
  set(machine.shared_memory.pages, 1);
  set(machine.shared_memory.page_bytes, bytes);
  return machine;
}

TEST(ClosedForms, PreloadingHidesStartUpAndAsManyBytesAsThePagesHold) {
  Machine machine = machine_with_pages(4'000);
  set(machine.protocol.notify.typical, 2);
  const auto graph = layers(2, 1, 10'000);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 1);
  // The second body's first 4 KB come while the notification is under way.
  EXPECT_NEAR(makespan_us(graph, machine, options), (0.5 + 1 + 2) + (0.6 + 2), kRounding);
  options.mechanisms.preload = false;
  EXPECT_NEAR(makespan_us(graph, machine, options), 2 * (0.5 + 1 + 2), kRounding);
}

TEST(ClosedForms, APreloadThatIsStillUnderWayGoesOnAsTheBody) {
  Machine machine = machine_with_pages(1e6);
  set(machine.protocol.notify.typical, 0.25);
  // 2.5 of 10 KB have come when the second body starts.
  EXPECT_NEAR(makespan_us(layers(2, 1, 10'000), machine, plain_options(PolicyKind::kStatic, 1)),
              (0.5 + 1 + 0.25) + (0.75 + 0.25), kRounding);
}

TEST(ClosedForms, PreloadingMakesNoByteFree) {
  Machine machine = machine_with_pages(1e6);
  set(machine.memory.curve[0].bandwidth, 40);
  set(machine.protocol.notify.typical, 1);
  const double us =
      makespan_us(layers(5, 8, 10'000), machine, plain_options(PolicyKind::kStatic, 8));
  // The memory is never idle from the first byte to the last, and that is all it can do.
  EXPECT_NEAR(us, 0.5 + 5 * 80'000 / 40e3 + 1, kRounding);
}

TEST(ClosedForms, InjectionsDelayNotifiesAndSlowWorkers) {
  SimulationOptions options = plain_options(PolicyKind::kStatic, 1);
  const auto graph = layers(5, 1, 10'000);
  options.injections.notify_delay_us = 2;
  EXPECT_NEAR(makespan_us(graph, simple_machine(), options), 5 * 3, kRounding);
  options.injections.slow_workers = {{0, 1.5}};
  EXPECT_NEAR(makespan_us(graph, simple_machine(), options), 5 * 3.5, 1e-3);
}

}  // namespace
}  // namespace mk
