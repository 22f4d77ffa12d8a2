#include "simulator/simulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/compiler.h"
#include "core/model.h"
#include "tests/simulator/simple.h"

namespace mk {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::layers;
using testing::plain_options;
using testing::simple_machine;

std::string refusal(const SimulationOptions& options, const Machine& machine = simple_machine()) {
  const Result<SimulationResult> result = simulate(layers(2, 4, 10'000), machine, options);
  return result ? "accepted" : result.error().message;
}

std::shared_ptr<const TaskGraph> compiled(const std::string& model, std::uint32_t workers) {
  CompileOptions options;
  options.workers = workers;
  Compiled result =
      compile_model(load_model(model).value(), StepShape{1, 1, 4096}, options).value();
  return std::make_shared<const TaskGraph>(std::move(result.graph));
}

SimulationOptions on_h100(PolicyKind policy) {
  SimulationOptions options;
  options.policy.kind = policy;
  options.roles = {128, policy == PolicyKind::kStatic ? 0U : 16U};
  options.iterations = {decode_step(1, 1024)};
  return options;
}

TEST(Simulate, RefusesAnImpossibleSplitWithTheNumbers) {
  EXPECT_THAT(refusal(plain_options(PolicyKind::kAot, 0)), HasSubstr("0 workers"));
  EXPECT_THAT(refusal(plain_options(PolicyKind::kAot, 8, 1)),
              HasSubstr("8 workers + 1 SMs for 1 schedulers = 9, but it has 8 SMs"));
}

TEST(Simulate, RefusesNoIterationAndAnInjectionForNobody) {
  SimulationOptions options = plain_options(PolicyKind::kAot, 4, 1);
  options.injections.slow_workers = {{4, 2.0}};
  EXPECT_THAT(refusal(options), HasSubstr("there are workers 0 .. 3"));
  options = plain_options(PolicyKind::kAot, 4, 1);
  options.iterations.clear();
  EXPECT_THAT(refusal(options), HasSubstr("no iteration"));
}

TEST(Simulate, PlacesJitTasksOnTheNamedWorkers) {
  const auto graph = layers(2, 4, 10'000, LaunchLabel::kJit);
  SimulationOptions options = plain_options(PolicyKind::kJit, 4);
  options.record = true;
  options.jit_workers.assign(graph->task_count(), 3);
  options.jit_workers[1] = kNoIndex;  // as the policy has it
  for (const EngineKind engine : {EngineKind::kElided, EngineKind::kReference}) {
    options.engine = engine;
    const Result<SimulationResult> result = simulate(graph, simple_machine(), options);
    ASSERT_TRUE(result) << result.error().message;
    for (const TaskRecord& task : result->record->tasks) {
      EXPECT_EQ(task.lane, task.task == 1 ? 1U : 3U) << name_of(engine) << ", task " << task.task;
    }
  }
}

TEST(Simulate, RefusesWorkersOfJitTasksThatTheirDispatcherDoesNotFeed) {
  SimulationOptions options = plain_options(PolicyKind::kJit, 4, 2);
  options.jit_workers = {0};
  EXPECT_THAT(refusal(options), HasSubstr("1 workers of JIT-launched tasks, for 8 in all"));
  options.jit_workers.assign(8, 0);
  EXPECT_THAT(refusal(options), HasSubstr("its dispatcher feeds 2 .. 3"));
  options.roles.schedulers = 0;
  EXPECT_THAT(refusal(options), HasSubstr("accepted"));
  options.jit_workers[5] = 4;
  EXPECT_THAT(refusal(options), HasSubstr("on worker 4: its dispatcher feeds 0 .. 3"));
}

TEST(Simulate, BodyFactorsStretchSingleBodies) {
  const auto graph = layers(1, 1, 10'000);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 1);
  const double typical = testing::makespan_us(graph, simple_machine(), options);
  options.body_factors = {1000};
  EXPECT_NEAR(testing::makespan_us(graph, simple_machine(), options) / typical, 1000, 0.5);
  options.body_factors = {5000};
  EXPECT_THAT(simulate(graph, simple_machine(), options).error().message,
              HasSubstr("each from 1/4096 to 4096"));
  options.body_factors = {4000};
  EXPECT_THAT(simulate(layers(1, 1, 10'000'000), simple_machine(), options).error().message,
              HasSubstr("slowed 4000 times"));
}

TEST(Simulate, SaysWhichQueueOverflows) {
  Machine machine = simple_machine();
  testing::set(machine.protocol.queue_capacity, 1);
  EXPECT_THAT(refusal(plain_options(PolicyKind::kAot, 4, 1), machine),
              HasSubstr("the queue of worker 0 holds 1 tasks, but 2 are placed on it ahead"));
  EXPECT_THAT(refusal(plain_options(PolicyKind::kJit, 1, 1), machine),
              HasSubstr("the queue of worker 0 overflows at 1 tasks"));
  SimulationOptions unlimited = plain_options(PolicyKind::kAot, 4, 1);
  unlimited.mechanisms.queue_limit = false;
  EXPECT_EQ(refusal(unlimited, machine), "accepted");
}

TEST(Simulate, ReportsWhoWaitsWhenANotificationIsLost) {
  for (const PolicyKind policy : {PolicyKind::kAot, PolicyKind::kJit, PolicyKind::kHybrid}) {
    SimulationOptions options = plain_options(policy, 4, 1);
    options.injections.lost_notify = 2;
    const auto result = simulate(layers(2, 4, 10'000), simple_machine(), options);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kStuck);
    EXPECT_THAT(result.error().message, HasSubstr("event 1 waits for 1 of 4 notifications"));
  }
}

// The open code's worker blocks on its AOT queue's head; what would activate that head's event can
// lie in the same worker's JIT queue.
TEST(Simulate, FindsTheDeadlockOfABlockingHybridWorker) {
  TaskGraphBuilder builder({}, TaskGraphBuilder::OperatorTiles::kAny);
  const OperatorId op = builder.add_operator({});
  const std::uint32_t work = builder.add_class({});
  const auto first = builder.add_event();
  const auto second = builder.add_event();
  builder.add_task(
      {op, TaskKind::kRmsNorm, 0, work, LaunchLabel::kAot, TaskGraphBuilder::kBegin, first});
  builder.add_task({op, TaskKind::kRmsNorm, 0, work, LaunchLabel::kJit, first, second});
  builder.add_task(
      {op, TaskKind::kRmsNorm, 0, work, LaunchLabel::kAot, second, TaskGraphBuilder::kEnd});
  const auto graph = std::make_shared<const TaskGraph>(std::move(builder).build().value());
  SimulationOptions options = plain_options(PolicyKind::kHybrid, 1, 1);
  EXPECT_TRUE(simulate(graph, simple_machine(), options));
  options.policy.blocking_fifo = true;
  Machine machine = simple_machine();
  testing::set(machine.protocol.enqueue.typical, 1);  // the JIT task comes after the look
  const auto stuck = simulate(graph, machine, options);
  ASSERT_FALSE(stuck);
  EXPECT_THAT(stuck.error().message, HasSubstr("event 2 waits for 1 of 1 notifications"));
}

TEST(Simulate, RefusesAStreamThatIsTooLongForItsClock) {
  const auto result = simulate(layers(1, 1, std::int64_t{3} << 30), simple_machine(),
                               plain_options(PolicyKind::kStatic, 1));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("a task streams 3221225472 bytes"));
}

TEST(Simulate, CountsWhatItStreamedAndHowBusyItWas) {
  SimulationOptions options = plain_options(PolicyKind::kStatic, 8);
  const auto result = simulate(layers(3, 8, 10'000), simple_machine(), options).value();
  EXPECT_EQ(result.tasks_simulated, 24u);
  EXPECT_NEAR(result.worker_busy_fraction, 1, 1e-4);
  EXPECT_NEAR(result.hbm_fraction, 80e9 / 1000e9, 1e-4);
  EXPECT_EQ(result.bounds->weight_bytes, 240'000);
}

TEST(Simulate, SeedsChangeTheNoiseAndNothingElseDoes) {
  const Machine machine = load_machine("h100-sxm").value();
  const auto graph = layers(5, 128, 500'000);
  SimulationOptions options = on_h100(PolicyKind::kAot);
  const Duration first = simulate(graph, machine, options)->makespan;
  EXPECT_EQ(simulate(graph, machine, options)->makespan, first);
  options.seed = 2;
  EXPECT_NE(simulate(graph, machine, options)->makespan, first);
}

TEST(Simulate, ABarrierOfNoisyTasksLastsLongerThanOneOfTypicalOnes) {
  Machine machine = load_machine("h100-sxm").value();
  const auto graph = layers(20, 128, 500'000);
  SimulationOptions options = on_h100(PolicyKind::kStatic);
  options.mechanisms.preload = false;  // it hides stragglers
  const Duration noisy = simulate(graph, machine, options)->makespan;
  options.mechanisms.noise = false;
  EXPECT_GT(noisy, simulate(graph, machine, options)->makespan);
}

TEST(Simulate, EveryMechanismHasAnEffectSomewhere) {
  const Machine h100 = load_machine("h100-sxm").value();
  Machine with_gpcs = h100;
  testing::set(with_gpcs.gpc_sms, 18);
  testing::set(with_gpcs.gpc_bandwidth, 200);
  testing::set(with_gpcs.port_contention, 0.6);
  Machine large_l2 = h100;
  testing::set(large_l2.memory.l2_capacity, 2e9);
  Machine with_warps = h100;
  for (BodyNumbers& body : with_warps.bodies) {
    testing::set(body.warps, 11);
    testing::set(body.fixed, 0.5);
  }
  testing::set(with_warps.protocol.scheduler_lanes, 32);
  testing::set(with_warps.shared_memory.page_bytes, 4'096);
  testing::set(with_warps.shared_memory.pages, 33);
  Machine with_row_rates = with_warps;
  for (BodyNumbers& body : with_row_rates.bodies) testing::set(body.pair_limit, 12);
  const auto graph = compiled("qwen3-0.6b", 128);
  for (const MechanismFacts& mechanism : kMechanisms) {
    if (mechanism.on == &Mechanisms::queue_limit) continue;  // an error, not a duration
    if (mechanism.on == &Mechanisms::waves) continue;  // these kernels fit into one: closed forms
    if (mechanism.on == &Mechanisms::links) continue;  // one device: closed forms
    const Machine& machine =
        mechanism.on == &Mechanisms::gpc_cap || mechanism.on == &Mechanisms::port_shares ? with_gpcs
        : mechanism.on == &Mechanisms::l2_capacity                                       ? large_l2
        : mechanism.on == &Mechanisms::row_rates ? with_row_rates
        : mechanism.on == &Mechanisms::warp_rounds || mechanism.on == &Mechanisms::ring_preload ||
                mechanism.on == &Mechanisms::input_overlap ||
                mechanism.on == &Mechanisms::begin_ahead ||
                mechanism.on == &Mechanisms::few_under_way ||
                mechanism.on == &Mechanisms::books_beside ||
                mechanism.on == &Mechanisms::behind_requests ||
                mechanism.on == &Mechanisms::scheduler_lanes
            ? with_warps
            : h100;
    bool changes = false;
    for (const PolicyKind policy : {PolicyKind::kHybrid, PolicyKind::kAot, PolicyKind::kStatic,
                                    PolicyKind::kGraph, PolicyKind::kPdl}) {
      SimulationOptions options = on_h100(policy);
      options.iterations.push_back(options.iterations.front());
      options.lower_bounds = false;
      const Duration with = simulate(graph, machine, options)->makespan;
      options.mechanisms.*mechanism.on = false;
      changes |= simulate(graph, machine, options)->makespan != with;
    }
    EXPECT_TRUE(changes) << mechanism.name;
  }
}

TEST(Simulate, QwenOnAnH100IsAboveItsFloorAndGraphsBeatStreams) {
  const Machine machine = load_machine("h100-sxm").value();
  const auto graph = compiled("qwen3-8b", 128);
  const auto us = [&](PolicyKind policy) {
    const SimulationResult result = simulate(graph, machine, on_h100(policy)).value();
    EXPECT_GE(result.makespan, result.bounds->largest()) << facts(policy).name;
    return to_microseconds(result.makespan);
  };
  const double stream = us(PolicyKind::kStream);
  const double cuda_graph = us(PolicyKind::kGraph);
  EXPECT_LT(us(PolicyKind::kPdl), cuda_graph);
  EXPECT_LT(cuda_graph, stream);
  EXPECT_GT(us(PolicyKind::kStatic), 4500);  // 15.15 GB at 3.35 TB/s
}

std::shared_ptr<const TaskGraph> tensor_parallel(std::uint32_t devices, bool overlap) {
  CompileOptions options;
  options.workers = 128;
  options.overlap = overlap;
  StepShape step{1, 1, 4096};
  step.devices = devices;
  Compiled result = compile_model(load_model("qwen3-0.6b").value(), step, options).value();
  return std::make_shared<const TaskGraph>(std::move(result.graph));
}

TEST(Simulate, OverlappedCommunicationIsNotSlowerThanCoarse) {
  const Machine machine = load_machine("h100-sxm").value();
  for (const PolicyKind policy : {PolicyKind::kStatic, PolicyKind::kHybrid, PolicyKind::kAot}) {
    const auto overlapped = simulate(tensor_parallel(2, true), machine, on_h100(policy)).value();
    const auto coarse = simulate(tensor_parallel(2, false), machine, on_h100(policy)).value();
    EXPECT_LT(overlapped.makespan, coarse.makespan) << facts(policy).name;
    EXPECT_GE(overlapped.makespan, overlapped.bounds->largest()) << facts(policy).name;
  }
}

TEST(Simulate, KernelsOnSeveralDevicesPayALibrarysAllReduceTwiceALayer) {
  Machine machine = load_machine("h100-sxm").value();
  const auto graph = tensor_parallel(4, true);
  const auto& kinds = graph->tasks().kind;
  const auto empty = std::count(kinds.begin(), kinds.end(), TaskKind::kEmpty);
  for (const PolicyKind policy : {PolicyKind::kStream, PolicyKind::kGraph, PolicyKind::kPdl}) {
    SimulationOptions options = on_h100(policy);
    options.mechanisms.noise = false;
    const auto us = [&](double all_reduce) {
      testing::set(machine.link.all_reduce.typical, all_reduce);
      const SimulationResult result = simulate(graph, machine, options).value();
      EXPECT_GE(result.makespan, result.bounds->largest()) << facts(policy).name;
      EXPECT_EQ(result.tasks_simulated + static_cast<std::uint64_t>(empty), graph->task_count());
      return to_microseconds(result.makespan);
    };
    // 28 layers of qwen3-0.6b, and the argmax's exchange.
    EXPECT_NEAR(us(16) - us(6), (2 * 28 + 1) * 10, 1e-3) << facts(policy).name;
  }
}

TEST(Simulate, KernelsOnMoreDevicesSplitTheWeightsAndNotTheLaunches) {
  Machine machine = load_machine("h100-sxm").value();
  testing::set(machine.link.all_reduce.typical, 1e-3);
  const SimulationOptions options = on_h100(PolicyKind::kGraph);
  const auto two = simulate(tensor_parallel(2, true), machine, options).value();
  const auto four = simulate(tensor_parallel(4, true), machine, options).value();
  EXPECT_LT(four.makespan, two.makespan);
  EXPECT_GT(four.makespan * 2, two.makespan);
}

TEST(Simulate, RefusesSeveralDevicesWhereItHasNoModelOfThem) {
  const Machine machine = load_machine("h100-sxm").value();
  const auto graph = tensor_parallel(2, true);
  Machine unknown = machine;
  testing::set(unknown.link.all_reduce.typical, 0);
  EXPECT_THAT(simulate(graph, unknown, on_h100(PolicyKind::kGraph)).error().message,
              HasSubstr("2 devices; 'graph' needs link.all_reduce"));
  SimulationOptions options = on_h100(PolicyKind::kHybrid);
  options.roles.schedulers = 0;
  EXPECT_THAT(simulate(graph, machine, options).error().message, HasSubstr("needs schedulers"));
  Machine single = machine;
  testing::set(single.devices, 1);
  EXPECT_THAT(simulate(graph, single, on_h100(PolicyKind::kAot)).error().message,
              HasSubstr("the graph is for 2 devices; h100-sxm has 1"));
}

TEST(Simulate, RecordsWhatDeterminedIt) {
  SimulationOptions options = plain_options(PolicyKind::kStatic, 4);
  options.record = true;
  options.injections.slow_workers = {{2, 1.5}};
  const RunRecord record = *simulate(layers(2, 4, 10'000), simple_machine(), options)->record;
  EXPECT_THAT(record.meta.at("mechanisms"), HasSubstr("noise=off sm_spread=off"));
  EXPECT_THAT(record.meta.at("mechanisms"), HasSubstr("preload=on"));
  EXPECT_EQ(record.meta.at("injections"), "slow_worker=2:1.5");
}

TEST(Simulate, LongerContextsTakeLonger) {
  const Machine machine = load_machine("h100-sxm").value();
  const auto graph = compiled("qwen3-0.6b", 128);
  SimulationOptions options = on_h100(PolicyKind::kAot);
  options.iterations = {decode_step(1, 16), decode_step(1, 4096)};
  const SimulationResult result = simulate(graph, machine, options).value();
  EXPECT_LT(result.iterations[0], result.iterations[1]);
  EXPECT_GT(result.bounds->kv_bytes, 0);
}

TEST(Simulate, BaselinesRecordOneSpanAKernel) {
  const Machine machine = load_machine("h100-sxm").value();
  const auto graph = compiled("qwen3-0.6b", 128);
  SimulationOptions options = on_h100(PolicyKind::kGraph);
  options.record = true;
  const RunRecord record = *simulate(graph, machine, options)->record;
  EXPECT_EQ(record.spans.size(), 229u);  // operators
  for (std::size_t i = 1; i < record.spans.size(); ++i) {
    EXPECT_GT(record.spans[i].start, record.spans[i - 1].end);
  }
  EXPECT_EQ(record.span_names[record.spans.back().name], "argmax_reduce");
}

TEST(KernelPlan, IsWhatItsTextSays) {
  const auto plan = kernel_plan_from_text(
      "# a library\n  gate_up+silu_mul\tdown:0.85\r\n\nattention*3:0.5 # three kernels\n");
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->groups.size(), 3u);
  EXPECT_EQ(plan->groups[2].kernels, 3u);
  EXPECT_EQ(to_text(*plan), "gate_up+silu_mul down:0.85 attention*3:0.5");
  EXPECT_EQ(kernel_plan_from_text(to_text(*plan)).value(), *plan);
}

TEST(KernelPlan, OfAnOperatorThatIsNotThereIsRefusedByName) {
  SimulationOptions options = plain_options(PolicyKind::kGraph, 1);
  options.kernels = kernel_plan_from_text("lineer").value();
  const auto result = simulate(layers(1, 1, 10'000), simple_machine(), options);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, AllOf(HasSubstr("'lineer'"), HasSubstr("it has linear")));
}

TEST(KernelPlan, TakesGroupsAndRefusesWhatMakesNoSense) {
  KernelPlan plan;
  ASSERT_TRUE(add_kernel_group(plan, "gate_up+silu_mul"));
  ASSERT_TRUE(add_kernel_group(plan, "down:0.85"));
  EXPECT_EQ(plan.groups[0].operators, (std::vector<std::string>{"gate_up", "silu_mul"}));
  EXPECT_EQ(plan.groups[1].bandwidth_share, 0.85);
  EXPECT_THAT(add_kernel_group(plan, "qkv+down").error().message, HasSubstr("'down' has"));
  EXPECT_THAT(add_kernel_group(plan, "qkv:2").error().message, HasSubstr("in (0, 1]"));
  EXPECT_THAT(add_kernel_group(plan, "qkv++o_proj").error().message, HasSubstr("empty"));
  EXPECT_THAT(add_kernel_group(plan, "qkv*0").error().message, HasSubstr("1 to 64"));
  EXPECT_THAT(add_kernel_group(plan, "qkv:").error().message, HasSubstr("in (0, 1]"));
}

TEST(Mechanisms, AreSetByNameAndRefusedWithWhatIsKnown) {
  Mechanisms mechanisms;
  ASSERT_TRUE(set_mechanism(mechanisms, "noise=off"));
  EXPECT_FALSE(mechanisms.noise);
  ASSERT_TRUE(set_mechanism(mechanisms, "noise=on"));
  EXPECT_EQ(mechanisms, Mechanisms());
  EXPECT_THAT(set_mechanism(mechanisms, "magic=on").error().message, HasSubstr("contention"));
  EXPECT_THAT(set_mechanism(mechanisms, "noise=maybe").error().message, HasSubstr("NAME=off"));
}

}  // namespace
}  // namespace mk
