// Calibration from runs of one token, of a machine whose bodies were measured alone: what such runs
// cannot tell apart stays as it was measured.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "core/compiler.h"
#include "core/model.h"
#include "profiler/analysis/calibrate.h"
#include "simulator/simulate.h"
#include "tests/profiler/four_cores.h"

namespace mk {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::put;

constexpr TaskKind kSmallKinds[] = {TaskKind::kRmsNorm, TaskKind::kSiluMul,
                                    TaskKind::kArgmaxPartial};

BodyNumbers& body(Machine& machine, TaskKind kind) { return machine.bodies[index_of(kind)]; }

// What microbench says of a body that streams nothing.
void put_small(Machine& machine, TaskKind kind, double fixed, double per_activation) {
  BodyNumbers& b = body(machine, kind);
  put(b.start_up, 0);
  put(b.fixed, fixed, "microbench body_KIND_fixed");
  put(b.per_activation, per_activation, "microbench body_KIND_per_activation");
  put(b.flops_per_cycle, 1e9, "derived: inside per_activation");
}

// Four cores, of whose bodies each was measured alone.
Machine four_cores() {
  Machine m = testing::four_cores_of_one_kind();
  m.memory.curve.resize(1);
  put(m.memory.curve[0].active, 1);
  put(m.memory.curve[0].bytes_in_flight, 0);
  put(m.memory.curve[0].bandwidth, 200);
  for (BodyNumbers& b : m.bodies) {
    put(b.fixed, 0.4, "microbench body_KIND_fixed");
    put(b.per_activation, 0.02, "microbench body_KIND_per_activation");
    put(b.flops_per_cycle, 12, "microbench body_KIND_gflops / clock");
  }
  put_small(m, TaskKind::kRmsNorm, 0.9, 0.25);
  put_small(m, TaskKind::kSiluMul, 0.2, 0.3);
  put_small(m, TaskKind::kArgmaxPartial, 2, 0.1);
  return m;
}

Trace simulated(const Machine& machine, std::uint32_t tokens) {
  CompileOptions compile_options;
  compile_options.workers = 4;
  Result<Compiled> compiled = compile_model(
      *load_model("smollm2-135m"), {.batch_tokens = tokens, .max_context = 1024}, compile_options);
  EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
  SimulationOptions options;
  options.policy.kind = PolicyKind::kStatic;
  options.roles = {3, 0};
  options.record = true;
  options.lower_bounds = false;
  options.iterations.clear();
  for (std::uint32_t i = 0; i < 15; ++i) {
    options.iterations.push_back({.requests = {{40 + 20 * i, tokens}}});
  }
  Result<SimulationResult> result =
      simulate(std::make_shared<const TaskGraph>(std::move(compiled->graph)), machine, options);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return make_trace(*result->record);
}

// us that tasks of that kind took in all.
double us_of(const Trace& trace, TaskKind kind) {
  double us = 0;
  for (std::size_t k = 0; k < trace.slices.size(); ++k) {
    if (!trace.slices.is_task(k)) continue;
    const TraceGraph& graph = trace.graph_of(trace.slices.iteration[k]);
    if (graph.tasks.kind[trace.slices.task[k]] != kind) continue;
    us += static_cast<double>(trace.slices.end[k] - trace.slices.start[k]) * 1e-3;
  }
  return us;
}

Calibration calibrated(const Machine& base, const Trace& trace) {
  Result<Calibration> calibration = calibrate(base, {&trace, 1});
  EXPECT_TRUE(calibration.has_value()) << calibration.error().message;
  return std::move(*calibration);
}

// The same machine where nothing was measured alone.
Machine assumed(Machine machine) {
  for (BodyNumbers& b : machine.bodies) {
    for (Number* n : {&b.fixed, &b.per_activation, &b.flops_per_cycle})
      n->source = "assumed: a test";
  }
  return machine;
}

TEST(CalibrateAlone, RecoversTheBodiesThatMadeARunOfOneToken) {
  const Machine planted = four_cores();

  const Machine m = calibrated(planted, simulated(planted, 1)).machine;

  for (const TaskKind kind : kSmallKinds) {
    const BodyNumbers& known = planted.body(kind);
    EXPECT_NEAR(m.body(kind).fixed.value, known.fixed.value, 0.05 * known.fixed.value);
    EXPECT_NEAR(m.body(kind).per_activation.value, known.per_activation.value,
                0.05 * known.per_activation.value);
  }
  EXPECT_EQ(m.body(TaskKind::kLinear).flops_per_cycle,
            planted.body(TaskKind::kLinear).flops_per_cycle);
  EXPECT_EQ(m.body(TaskKind::kLinear).per_activation,
            planted.body(TaskKind::kLinear).per_activation);
}

TEST(CalibrateAlone, PredictsEightTokensFromOne) {
  const Machine planted = four_cores();
  const Trace run = simulated(planted, 1);
  const Trace measured = simulated(planted, 8);

  const Trace predicted = simulated(calibrated(planted, run).machine, 8);
  const Trace by_constants = simulated(calibrated(assumed(planted), run).machine, 8);

  for (const TaskKind kind : kSmallKinds) {
    EXPECT_NEAR(us_of(predicted, kind) / us_of(measured, kind), 1, 0.05) << name_of(kind);
  }
  // Norms have a task a token.
  for (const TaskKind kind : {TaskKind::kSiluMul, TaskKind::kArgmaxPartial}) {
    EXPECT_LT(us_of(by_constants, kind) / us_of(measured, kind), 0.7) << name_of(kind);
  }
  const double linear = us_of(predicted, TaskKind::kLinear) / us_of(measured, TaskKind::kLinear);
  EXPECT_NEAR(linear, 1, 0.05);
}

// All caches are in use: both parts of a body take longer.
TEST(CalibrateAlone, KeepsTheRatioOfBodiesThatARunMakesSlower) {
  const Machine alone = four_cores();
  Machine slower = alone;
  for (const TaskKind kind : kSmallKinds) {
    put(body(slower, kind).fixed, 3 * alone.body(kind).fixed.value);
    put(body(slower, kind).per_activation, 3 * alone.body(kind).per_activation.value);
  }

  const Machine m = calibrated(alone, simulated(slower, 1)).machine;

  for (const TaskKind kind : kSmallKinds) {
    EXPECT_NEAR(m.body(kind).fixed.value / alone.body(kind).fixed.value, 3, 0.15);
    EXPECT_NEAR(m.body(kind).per_activation.value / alone.body(kind).per_activation.value, 3, 0.15);
  }
}

// A body that follows its like finds its code in the cache.
TEST(CalibrateAlone, TakesFromTheFixedTimeOfBodiesThatARunMakesFaster) {
  const Machine alone = four_cores();
  Machine faster = alone;
  put(body(faster, TaskKind::kSiluMul).fixed, 0.05);

  const Machine m = calibrated(alone, simulated(faster, 1)).machine;

  EXPECT_NEAR(m.body(TaskKind::kSiluMul).fixed.value, 0.05, 0.02);
  EXPECT_NEAR(m.body(TaskKind::kSiluMul).per_activation.value, 0.3, 0.015);
}

TEST(CalibrateAlone, SaysWhatItTookFromTheBodiesAlone) {
  const Calibration c = calibrated(four_cores(), simulated(four_cores(), 1));

  EXPECT_THAT(c.notes, Contains(HasSubstr("split as microbench measured the bodies alone")));
  EXPECT_THAT(c.notes, Contains(HasSubstr("flops_per_cycle stays as microbench measured")));
  const auto fixed = std::find_if(c.numbers.begin(), c.numbers.end(), [](const FittedNumber& n) {
    return n.path == "bodies.rmsnorm.fixed";
  });
  ASSERT_NE(fixed, c.numbers.end());
  EXPECT_EQ(fixed->known_with, "bodies.rmsnorm.per_activation");
}

// A machine file that calibrate wrote is a base, too.
TEST(CalibrateAlone, KeepsTheSplitWhenItCalibratesAgain) {
  const Machine planted = four_cores();
  const Trace run = simulated(planted, 1);

  const Machine once = calibrated(planted, run).machine;
  const Machine twice = calibrated(once, run).machine;

  for (const TaskKind kind : kSmallKinds) {
    EXPECT_NEAR(twice.body(kind).per_activation.value, once.body(kind).per_activation.value,
                0.02 * once.body(kind).per_activation.value);
    EXPECT_EQ(twice.body(kind).per_activation.source, once.body(kind).per_activation.source);
  }
}

// Where arithmetic does bind, the run says more than the body alone.
TEST(CalibrateAlone, FitsTheArithmeticThatBinds) {
  Machine planted = four_cores();
  put(body(planted, TaskKind::kLinear).flops_per_cycle, 8);
  const Trace one = simulated(planted, 1);
  const Trace eight = simulated(planted, 8);
  const Trace runs[] = {one, eight};

  const Result<Calibration> c = calibrate(four_cores(), runs);

  ASSERT_TRUE(c.has_value()) << c.error().message;
  EXPECT_NEAR(c->machine.body(TaskKind::kLinear).flops_per_cycle.value, 8, 0.6);
}

}  // namespace
}  // namespace mk
