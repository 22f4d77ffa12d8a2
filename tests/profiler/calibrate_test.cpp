// Calibration against runs of a machine that is known, because the simulator made them.
#include "profiler/analysis/calibrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "core/compiler.h"
#include "core/model.h"
#include "profiler/analysis/compare.h"
#include "simulator/simulate.h"
#include "tests/profiler/four_cores.h"
#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::put;

// Four cores that the simulator knows everything about.
Machine four_cores() {
  Machine m = testing::four_cores_of_one_kind();
  put(m.memory.l2_near, 0.02);  // as near as any other core: hops have one length, as on hosts
  put(m.memory.l2_far, 0.02);
  m.memory.curve.resize(3);
  for (std::size_t i = 0; i < 3; ++i) {
    put(m.memory.curve[i].active, i == 0 ? 1 : i == 1 ? 2 : 4);
    put(m.memory.curve[i].bytes_in_flight, 0);
    put(m.memory.curve[i].bandwidth, i == 0 ? 40 : i == 1 ? 60 : 64);
  }
  put(m.bodies[index_of(TaskKind::kLinear)].port_limit, 12);
  put(m.bodies[index_of(TaskKind::kLinear)].start_up, 2);
  put(m.bodies[index_of(TaskKind::kRmsNorm)].fixed, 3);
  put(m.protocol.notify.typical, 0.3);
  put(m.protocol.observe.typical, 0.1);
  put(m.protocol.dispatch.typical, 0.25);
  put(m.protocol.poll_interval, 0.1);
  put(m.protocol.enqueue.typical, 0.06);
  put(m.protocol.contention, 0);
  put(m.boundary.base.typical, 20);
  put(m.boundary.base.spread, 0);  // a run has few boundaries
  return m;
}

// The same, with the numbers that calibration fits all wrong.
Machine wrong_base() {
  Machine m = four_cores();
  for (BodyNumbers& body : m.bodies) {
    put(body.port_limit, 5);
    put(body.start_up, 0.1);
    put(body.fixed, 9);
    put(body.spread, 0.5);
  }
  put(m.protocol.notify.typical, 2);
  put(m.protocol.dispatch.typical, 3);
  put(m.protocol.poll_interval, 1);
  put(m.protocol.enqueue.typical, 1);
  put(m.boundary.base.typical, 500);
  return m;
}

std::shared_ptr<const TaskGraph> small_model(Partition partition, std::uint32_t batch_tokens = 1) {
  CompileOptions options;
  options.workers = 4;
  options.partition = partition;
  StepShape shape;
  shape.max_context = 1024;
  shape.batch_tokens = batch_tokens;
  Result<Compiled> compiled = compile_model(*load_model("smollm2-135m"), shape, options);
  EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}

Trace simulated(const Machine& machine, const std::shared_ptr<const TaskGraph>& graph,
                PolicyKind policy, Roles roles, std::uint64_t seed) {
  SimulationOptions options;
  options.policy.kind = policy;
  options.roles = roles;
  options.seed = seed;
  options.record = true;
  options.lower_bounds = false;
  options.iterations.clear();
  for (std::uint32_t i = 0; i < 6; ++i) options.iterations.push_back(decode_step(1, 40 + 150 * i));
  Result<SimulationResult> result = simulate(graph, machine, options);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return make_trace(*result->record);
}

Calibration calibrated(const Machine& base, const Trace& trace) {
  Result<Calibration> calibration = calibrate(base, {&trace, 1});
  EXPECT_TRUE(calibration.has_value()) << calibration.error().message;
  return std::move(*calibration);
}

TEST(Calibrate, RecoversTheNumbersThatMadeTheRun) {
  const auto graph = small_model(Partition::kMpk);
  const Trace run = simulated(four_cores(), graph, PolicyKind::kAot, {3, 1}, 7);

  const Machine m = calibrated(wrong_base(), run).machine;

  const BodyNumbers& linear = m.body(TaskKind::kLinear);
  EXPECT_NEAR(m.stream_limit(linear), 12, 0.4);
  EXPECT_NEAR(linear.start_up.value + linear.fixed.value, 2.4, 0.2);
  EXPECT_NEAR(linear.spread.value, 0.05, 0.01);
  const BodyNumbers& attention = m.body(TaskKind::kAttention);
  EXPECT_NEAR(m.stream_limit(attention), 9, 0.5);
  EXPECT_NEAR(attention.start_up.value + attention.fixed.value, 1.2, 0.15);
  EXPECT_NEAR(m.body(TaskKind::kRmsNorm).fixed.value, 3.8, 0.3);  // with its start-up and stream
  EXPECT_NEAR(m.protocol.notify.typical.value, 0.3, 0.02);
  EXPECT_NEAR(m.protocol.enqueue.typical.value, 0.06, 0.01);
  EXPECT_NEAR(m.protocol.observe.typical.value + m.protocol.dispatch.typical.value, 0.35, 0.05);
  EXPECT_NEAR(m.protocol.poll_interval.value, 0.1, 0.1);
  EXPECT_NEAR(m.boundary.base.typical.value, 20, 1);
}

// What the base machine says of rows of some length would hide the rate that was fitted.
TEST(Calibrate, FitsOneRateToRowsOfEveryLength) {
  const auto graph = small_model(Partition::kMpk);
  const Trace run = simulated(four_cores(), graph, PolicyKind::kAot, {3, 1}, 7);
  Machine base = wrong_base();
  BodyNumbers& before = base.bodies[index_of(TaskKind::kLinear)];
  put(before.pair_limit, 3);
  put(before.row_limit, 4);
  put(before.row_time, 1);

  const Machine m = calibrated(base, run).machine;

  const BodyNumbers& linear = m.body(TaskKind::kLinear);
  EXPECT_NEAR(m.stream_limit(linear), 12, 0.4);
  EXPECT_EQ(linear.pair_limit.value, 0);
  EXPECT_EQ(linear.row_limit.value, 0);
  EXPECT_EQ(linear.row_time.value, 0);
}

TEST(Calibrate, PredictsOtherRunsOfThatMachine) {
  const auto graph = small_model(Partition::kMpk);
  const auto other = small_model(Partition::kBalanced);
  const Trace run = simulated(four_cores(), graph, PolicyKind::kAot, {3, 1}, 7);
  const Trace measured = simulated(four_cores(), other, PolicyKind::kJit, {2, 1}, 8);

  const Machine fitted = calibrated(wrong_base(), run).machine;
  const Trace predicted = simulated(fitted, other, PolicyKind::kJit, {2, 1}, 9);
  const Trace by_base = simulated(wrong_base(), other, PolicyKind::kJit, {2, 1}, 9);

  EXPECT_LT(compare(predicted, measured)->end_to_end_error, 0.03);
  EXPECT_GT(compare(by_base, measured)->end_to_end_error, 0.3);
}

// A prompt of 8 tokens at a time is bound by arithmetic, decoding by its streams.
TEST(Calibrate, FindsTheArithmeticOfRunsThatDoEnoughOfIt) {
  Machine machine = four_cores();
  put(machine.bodies[index_of(TaskKind::kLinear)].flops_per_cycle, 16);
  SimulationOptions options;
  options.policy.kind = PolicyKind::kStatic;
  options.roles = {3, 0};
  options.record = true;
  options.iterations.clear();
  const DecodePlan plan{32, 4, 8, 1};
  for (std::uint32_t i = 0; i < plan.iterations(); ++i) options.iterations.push_back(plan.state(i));
  Result<SimulationResult> result = simulate(small_model(Partition::kMpk, 8), machine, options);
  ASSERT_TRUE(result.has_value()) << result.error().message;

  const Machine m = calibrated(wrong_base(), make_trace(*result->record)).machine;

  EXPECT_NEAR(m.body(TaskKind::kLinear).flops_per_cycle.value, 16, 1);
  EXPECT_NEAR(m.stream_limit(m.body(TaskKind::kLinear)), 12, 0.6);
}

TEST(Calibrate, ShrugsOffAFewDisturbedRecords) {
  const auto graph = small_model(Partition::kMpk);
  Trace run = simulated(four_cores(), graph, PolicyKind::kAot, {3, 1}, 7);
  const Machine undisturbed = calibrated(wrong_base(), run).machine;
  for (std::size_t k = 0; k < run.slices.size(); k += 20)
    run.slices.end.set(k, run.slices.end[k] + 500'000);

  const Machine m = calibrated(wrong_base(), run).machine;

  const auto limit = [](const Machine& machine) {
    return machine.stream_limit(machine.body(TaskKind::kLinear));
  };
  EXPECT_NEAR(limit(m) / limit(undisturbed), 1, 0.05);
}

TEST(Calibrate, GivesEachNumberItsResidualAndCountAndSource) {
  const auto graph = small_model(Partition::kMpk);
  const Trace run = simulated(four_cores(), graph, PolicyKind::kAot, {3, 1}, 7);

  const Calibration c = calibrated(wrong_base(), run);

  const auto limit = std::find_if(c.numbers.begin(), c.numbers.end(), [](const FittedNumber& n) {
    return n.path == "bodies.linear.port_limit";
  });
  ASSERT_NE(limit, c.numbers.end());
  EXPECT_EQ(limit->before, 5);
  EXPECT_GT(limit->count, 1000U);
  EXPECT_GT(limit->residual, 0);
  EXPECT_LT(limit->residual, 0.1);
  EXPECT_THAT(c.machine.body(TaskKind::kLinear).port_limit.source, HasSubstr("calibrate: "));
}

TEST(Calibrate, SaysWhatItCannotTellApart) {
  const auto graph = small_model(Partition::kMpk);
  const Trace run = simulated(four_cores(), graph, PolicyKind::kStatic, {2, 0}, 7);

  const Calibration c = calibrated(wrong_base(), run);

  EXPECT_THAT(c.notes, Contains(HasSubstr("observe and protocol.dispatch are known as a sum")));
  EXPECT_THAT(c.notes, Contains(HasSubstr("expert_linear")));
  EXPECT_THAT(c.notes, Contains(HasSubstr("fixed and per_activation are not told apart")));
}

TEST(Calibrate, LeavesPreloadedBodiesOutAndSaysSo) {
  Machine machine = four_cores();
  put(machine.shared_memory.pages, 8);
  const auto graph = small_model(Partition::kMpk);
  const Trace run = simulated(machine, graph, PolicyKind::kAot, {3, 1}, 7);

  const Calibration c = calibrated(wrong_base(), run);

  EXPECT_THAT(c.notes, Contains(HasSubstr("some of their bytes were preloaded")));
}

std::string refusal(const Trace& trace) {
  const Result<Calibration> c = calibrate(four_cores(), {&trace, 1});
  return c ? "" : c.error().message;
}

TEST(Calibrate, RefusesWhatItCannotUse) {
  RunRecord run = testing::two_iteration_run();
  EXPECT_THAT(refusal(make_trace(run)),
              HasSubstr("too short: 4 task records after warm-up in 2 iterations, needs 50"));
  run.meta["injections"] = "notify_delay_us=2";
  EXPECT_THAT(refusal(make_trace(run)), HasSubstr("disturbed on purpose (notify_delay_us=2)"));
  run.policy.kind = PolicyKind::kGraph;
  EXPECT_THAT(refusal(make_trace(run)), HasSubstr("needs a run under a megakernel policy"));
  EXPECT_FALSE(calibrate(four_cores(), {}).has_value());
}

}  // namespace
}  // namespace mk
