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

TEST(ClosedForms, ADependentKernelLoadsWeightsWhileItWaits) {
  Machine machine = simple_machine();
  set(machine.launch.pdl.typical, 0.5);
  set(machine.shared_memory.pages, 1);
  const auto us = [&](double page_bytes) {
    set(machine.shared_memory.page_bytes, page_bytes);
    return makespan_us(layers(20, 8, 10'000), machine, plain_options(PolicyKind::kPdl, 1));
  };
  EXPECT_NEAR(us(1e6), 20 * 1, kRounding);  // half of each stream runs in the gap
  // 12.5 KB of room at 125 GB/s an SM: 0.1 us of it.
  EXPECT_NEAR(us(12'500), 20 * 1 + 19 * 0.4, kRounding);
  EXPECT_NEAR(us(0), 20 * 1 + 19 * 0.5, kRounding);
}

TEST(ClosedForms, OperatorsOfAGroupAreOneKernel) {
  Machine machine = simple_machine();
  set(machine.launch.graph.typical, 1.5);
  SimulationOptions options = plain_options(PolicyKind::kGraph, 1);
  ASSERT_TRUE(add_kernel_group(options.kernels, "norm+linear:0.5"));
  TaskGraphBuilder builder({}, TaskGraphBuilder::OperatorTiles::kAny);
  TaskClass weights;
  weights.weight_bytes.base = 80'000;
  weights.preload_bytes = 80'000;
  const std::uint32_t classes[] = {builder.add_class({}), builder.add_class(weights)};
  TaskGraphBuilder::NewEvent before = TaskGraphBuilder::kBegin;
  for (int i = 0; i < 4; ++i) {
    Operator op;
    op.name = i % 2 == 0 ? "norm" : "linear";
    op.kind = i % 2 == 0 ? TaskKind::kRmsNorm : TaskKind::kLinear;
    op.grid.extent = {1, 1, 1};
    const auto after = i < 3 ? builder.add_event() : TaskGraphBuilder::kEnd;
    builder.add_task(
        {builder.add_operator(op), op.kind, 0, classes[i % 2], LaunchLabel::kAot, before, after});
    before = after;
  }
  const auto graph = std::make_shared<const TaskGraph>(std::move(builder).build().value());
  set(machine.memory.curve[0].bandwidth, 80);
  // Two kernels of 80 KB, each on all 8 SMs at half of 80 GB/s.
  EXPECT_NEAR(makespan_us(graph, machine, options), 2 * 2 + 1.5, kRounding);
  options.kernels = {};
  EXPECT_NEAR(makespan_us(graph, machine, options), 2 * 1 + 3 * 1.5, kRounding);
  // Each linear is the last of three kernels.
  ASSERT_TRUE(add_kernel_group(options.kernels, "linear*3"));
  EXPECT_NEAR(makespan_us(graph, machine, options), 2 * 1 + 7 * 1.5, kRounding);
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

Machine machine_with_tiles(double page_bytes, double pages) {
  Machine machine = simple_machine();
  BodyNumbers& linear = machine.bodies[index_of(TaskKind::kLinear)];
  set(linear.start_up, 0.5);
  set(linear.epilogue, 0.25);
  set(linear.tile_bytes, 4'000);
  set(machine.shared_memory.page_bytes, page_bytes);
  set(machine.shared_memory.pages, pages);
  return machine;
}

TEST(ClosedForms, TilesThatPagesHaveRoomForComeOneRightBehindTheOther) {
  const double us = makespan_us(layers(1, 1, 10'000), machine_with_tiles(4'000, 2),
                                plain_options(PolicyKind::kStatic, 1));
  // The last tile, of 2 KB, comes while the one before is worked on.
  EXPECT_NEAR(us, 0.5 + 0.4 + 0.4 + 0.25 + 0.25, kRounding);
}

TEST(ClosedForms, ATileIsLoadedAheadAsFarAsThePagesBesideTheCurrentOneReach) {
  const double us = makespan_us(layers(1, 1, 10'000), machine_with_tiles(1'000, 5),
                                plain_options(PolicyKind::kStatic, 1));
  // 1 KB comes during each epilogue, the rest of the tile after it.
  EXPECT_NEAR(us, 0.5 + 0.4 + (0.25 + 0.3) + (0.25 + 0.1) + 0.25, kRounding);
}

TEST(ClosedForms, PagesThatAreReleasedBeforeTheEndLetTheNextTaskLoadEarlier) {
  Machine machine = machine_with_pages(2'000);
  set(machine.shared_memory.pages, 2);
  set(machine.bodies[index_of(TaskKind::kLinear)].epilogue, 1);
  TaskClass work;
  work.weight_bytes.base = 10'000;
  work.preload_bytes = 10'000;
  const auto us = [&](std::vector<std::uint16_t> release) {
    work.page_release_step = std::move(release);
    return makespan_us(layers(2, 1, work), machine, plain_options(PolicyKind::kStatic, 1));
  };
  // Until the end of the first body nothing may be loaded; then no time is left for it.
  EXPECT_NEAR(us({}), 2 * (0.5 + 1 + 1), kRounding);
  EXPECT_NEAR(us({255, 255}), 2 * (0.5 + 1 + 1), kRounding);
  // One page is free during the epilogue: 2 of 10 KB.
  EXPECT_NEAR(us({0, 255}), (0.5 + 1 + 1) + (0.8 + 1), kRounding);
}

TEST(ClosedForms, ACounterIsNearToEveryOtherWorker) {
  Machine machine = simple_machine();
  set(machine.protocol.notify.typical, 1);
  set(machine.memory.l2_near, 0.2);
  set(machine.memory.l2_far, 0.6);
  // The two workers' arrivals at `end`, one of which is far.
  EXPECT_NEAR(makespan_us(layers(1, 2, 10'000), machine, plain_options(PolicyKind::kStatic, 2)),
              1 + 1.2, kRounding);
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

// Two devices, each with a linear of one task, a put and a reduce.
std::shared_ptr<const TaskGraph> exchange(std::int64_t bytes_sent, std::uint32_t puts) {
  GraphInfo info;
  info.devices = 2;
  TaskGraphBuilder builder(info, TaskGraphBuilder::OperatorTiles::kAny);
  TaskClass weights, sent;
  weights.weight_bytes.base = 10'000;
  sent.bytes_sent.base = bytes_sent;
  const std::uint32_t linear = builder.add_class(weights);
  const std::uint32_t put = builder.add_class(sent);
  const std::uint32_t none = builder.add_class({});
  const TaskGraphBuilder::NewEvent summed[] = {builder.add_event(0), builder.add_event(1)};
  const TaskGraphBuilder::NewEvent there[] = {builder.add_event(0), builder.add_event(1)};
  for (std::uint8_t d = 0; d < 2; ++d) {
    const auto op = [&](TaskKind kind) {
      Operator o;
      o.kind = kind;
      o.device = d;
      o.grid.extent = {puts, 1, 1};
      return builder.add_operator(o);
    };
    builder.add_task({op(TaskKind::kLinear), TaskKind::kLinear, 0, linear, LaunchLabel::kAot,
                      TaskGraphBuilder::kBegin, summed[d]});
    const OperatorId send = op(TaskKind::kPut);
    for (std::uint32_t t = 0; t < puts; ++t) {
      builder.add_task({send, TaskKind::kPut, t, put, LaunchLabel::kAot, summed[d], there[1 - d]});
    }
    builder.add_task({op(TaskKind::kReduce), TaskKind::kReduce, 0, none, LaunchLabel::kAot,
                      there[d], TaskGraphBuilder::kEnd});
  }
  return std::make_shared<const TaskGraph>(std::move(builder).build().value());
}

Machine machine_with_links() {
  Machine machine = simple_machine();
  set(machine.devices, 2);
  set(machine.link.bandwidth, 20);
  set(machine.link.put.typical, 3);
  set(machine.protocol.notify.typical, 0.25);
  set(machine.protocol.peer_notify_factor, 4);
  return machine;
}

TEST(ClosedForms, APutTakesItsBytesOverTheLinkAndTheLinksLatency) {
  const double us =
      makespan_us(exchange(10'000, 1), machine_with_links(), plain_options(PolicyKind::kStatic, 4));
  // Device 1 sees `begin` a put later; the reduce of device 0 waits for what it sends.
  EXPECT_NEAR(us, 3 + 1 + 0.25 + 0.5 + 3 + 0.25, kRounding);
}

TEST(ClosedForms, PutsOfOneDeviceShareItsLink) {
  const double us =
      makespan_us(exchange(10'000, 4), machine_with_links(), plain_options(PolicyKind::kStatic, 4));
  // On device 1 the reduce stands behind a put in its worker's list, and its arrival goes far.
  EXPECT_NEAR(us, 3 + 1 + 0.25 + 4 * 0.5 + 3 + 4 * 0.25, kRounding);
}

TEST(ClosedForms, WithoutLinksAPutIsANotificationAcrossDevices) {
  SimulationOptions options = plain_options(PolicyKind::kStatic, 4);
  options.mechanisms.links = false;
  const double us = makespan_us(exchange(10'000, 4), machine_with_links(), options);
  EXPECT_NEAR(us, 1 + 1 + 0.25 + 1 + 1, kRounding);
}

TEST(ClosedForms, InjectionsDelayNotifiesAndSlowWorkers) {
  SimulationOptions options = plain_options(PolicyKind::kStatic, 1);
  const auto graph = layers(5, 1, 10'000);
  options.injections.notify_delay_us = 2;
  EXPECT_NEAR(makespan_us(graph, simple_machine(), options), 5 * 3, kRounding);
  options.injections.slow_workers = {{0, 1.5}};
  EXPECT_NEAR(makespan_us(graph, simple_machine(), options), 5 * 3.5, kRounding);
}

// Two bodies share the memory for 2 us; one worker then idles for 1 us, while the other streams its
// next task alone.
TEST(ClosedForms, ASlowWorkerIdlesAndLeavesTheMemoryToOthers) {
  Machine machine = simple_machine();
  set(machine.memory.curve[0].bandwidth, 10);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 2);
  options.injections.slow_workers = {{1, 1.5}};
  EXPECT_NEAR(makespan_us(layers(1, 2, 10'000), machine, options), 3, kRounding);
  EXPECT_NEAR(makespan_us(layers(1, 3, 10'000), machine, options), 3, kRounding);
  options.injections.slow_workers.clear();
  EXPECT_NEAR(makespan_us(layers(1, 2, 10'000), machine, options), 2, kRounding);
}

}  // namespace
}  // namespace mk
