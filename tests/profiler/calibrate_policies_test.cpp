// Calibration of the protocol under each policy, against a GPU that is known, because the simulator
// made its runs; and from the measured sample.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "core/compiler.h"
#include "core/model.h"
#include "profiler/analysis/calibrate.h"
#include "profiler/analysis/compare.h"
#include "simulator/simulate.h"
#include "tests/support/source_dir.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

void put(Number& number, double value) { number = {value, value, value, "assumed: a test"}; }

// A GPU whose workers need 1.5 us after each arrival before they first look at their next event.
Machine gpu() {
  Machine m = *load_machine("h100-sxm");
  put(m.sm_spread, 0);
  put(m.shared_memory.pages, 0);  // nothing is preloaded
  put(m.memory.l2_near, 0.15);    // hops have one length
  put(m.memory.l2_far, 0.15);
  ProtocolNumbers& p = m.protocol;
  put(p.contention, 0);
  put(p.notify.typical, 0.7);
  put(p.observe.typical, 0.15);
  put(p.dispatch.typical, 0.2);
  put(p.poll_interval, 0.25);
  put(p.fetch.typical, 1.5);
  put(p.fetch_batch, 1);
  put(p.activate.typical, 0.6);
  put(p.dequeue.typical, 0.8);
  put(p.enqueue.typical, 0.3);
  put(p.scheduler_poll, 0.2);
  for (Latency* hop :
       {&p.notify, &p.observe, &p.dispatch, &p.fetch, &p.activate, &p.dequeue, &p.enqueue}) {
    put(hop->spread, 0.05);
  }
  return m;
}

Machine wrong_base() {
  Machine m = gpu();
  ProtocolNumbers& p = m.protocol;
  put(p.notify.typical, 2);
  put(p.dispatch.typical, 3);
  put(p.poll_interval, 0.6);
  put(p.fetch.typical, 0.1);
  put(p.dequeue.typical, 3);
  put(p.enqueue.typical, 1);
  return m;
}

std::shared_ptr<const TaskGraph> small_model() {
  CompileOptions options;
  options.workers = 32;
  options.partition = Partition::kBalanced;
  Result<Compiled> compiled = compile_model(*load_model("smollm2-135m"), StepShape{}, options);
  EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}

Trace run_of(const Machine& machine, PolicyKind policy, std::uint64_t seed = 7) {
  SimulationOptions options;
  options.policy.kind = policy;
  options.roles = {32, policy == PolicyKind::kStatic ? 0U : 4U};
  options.seed = seed;
  options.record = true;
  options.lower_bounds = false;
  options.iterations.assign(3, decode_step(1, 40));
  static const auto graph = small_model();
  Result<SimulationResult> result = simulate(graph, machine, options);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return make_trace(*result->record);
}

// As the device writes it down under `static`: no instant of its own for what comes after an
// arrival.
Trace as_recorded_on_a_device(Trace trace) {
  SliceColumns& s = trace.slices;
  for (std::size_t k = 1; k < s.size(); ++k) {
    if (s.lane[k] == s.lane[k - 1] && s.is_task(k)) s.fetched.set(k, s.notified[k - 1]);
  }
  return trace;
}

Calibration calibrated(const Machine& base, const Trace& trace) {
  Result<Calibration> calibration = calibrate(base, {&trace, 1});
  EXPECT_TRUE(calibration.has_value()) << calibration.error().message;
  return std::move(*calibration);
}

const FittedNumber& number(const Calibration& c, const std::string& path) {
  static const FittedNumber none;
  const auto found = std::find_if(c.numbers.begin(), c.numbers.end(),
                                  [&](const FittedNumber& n) { return n.path == path; });
  EXPECT_NE(found, c.numbers.end()) << path;
  return found == c.numbers.end() ? none : *found;
}

// Within 5 %, but for hundredths of a microsecond.
void expect_close(const char* what, double found, double truth) {
  EXPECT_NEAR(found, truth, std::max(0.02, 0.05 * truth)) << what;
}

void expect_hand_offs(const Machine& found) {
  const ProtocolNumbers& p = found.protocol;
  const ProtocolNumbers truth = gpu().protocol;
  expect_close("notify", p.notify.typical.value, truth.notify.typical.value);
  expect_close("observe + dispatch", p.observe.typical.value + p.dispatch.typical.value, 0.35);
  expect_close("fetch", p.fetch.typical.value, truth.fetch.typical.value);
  expect_close("period", p.observe.typical.value + p.poll_interval.value, 0.4);
  EXPECT_NEAR(p.notify.spread.value, 0.05, 0.01);
}

double error_of(const Machine& machine, PolicyKind policy) {
  return compare(run_of(machine, policy, 9), run_of(gpu(), policy, 8))->end_to_end_error;
}

TEST(CalibratePolicies, Static) {
  const Machine m = calibrated(wrong_base(), run_of(gpu(), PolicyKind::kStatic)).machine;
  expect_hand_offs(m);
  EXPECT_LT(error_of(m, PolicyKind::kStatic), 0.015);
  EXPECT_GT(error_of(wrong_base(), PolicyKind::kStatic), 0.1);
}

TEST(CalibratePolicies, StaticAsADeviceRecordsIt) {
  const Trace run = as_recorded_on_a_device(run_of(gpu(), PolicyKind::kStatic));
  const Calibration c = calibrated(wrong_base(), run);
  expect_hand_offs(c.machine);
  EXPECT_LT(error_of(c.machine, PolicyKind::kStatic), 0.015);
  EXPECT_EQ(number(c, "protocol.dispatch.typical").known_with, "protocol.observe");
}

TEST(CalibratePolicies, Aot) {
  const Machine m = calibrated(wrong_base(), run_of(gpu(), PolicyKind::kAot)).machine;
  expect_hand_offs(m);
  expect_close("enqueue", m.protocol.enqueue.typical.value, 0.3);
  EXPECT_LT(error_of(m, PolicyKind::kAot), 0.015);
}

TEST(CalibratePolicies, JitTellsDispatchAndSchedulersSteps) {
  const Machine m = calibrated(wrong_base(), run_of(gpu(), PolicyKind::kJit)).machine;
  const ProtocolNumbers& p = m.protocol;
  expect_close("dispatch", p.dispatch.typical.value, 0.2);
  expect_close("fetch", p.fetch.typical.value, 1.5);
  expect_close("enqueue", p.enqueue.typical.value, 0.3);
  expect_close("activate + dequeue + half a poll",
               p.activate.typical.value + p.dequeue.typical.value + p.scheduler_poll.value / 2,
               0.6 + 0.8 + 0.1);
  EXPECT_LT(error_of(m, PolicyKind::kJit), 0.02);
}

TEST(CalibratePolicies, HybridTellsObserveAndDispatchApart) {
  const Machine m = calibrated(wrong_base(), run_of(gpu(), PolicyKind::kHybrid)).machine;
  const ProtocolNumbers& p = m.protocol;
  expect_close("dispatch", p.dispatch.typical.value, 0.2);
  EXPECT_NEAR(p.observe.typical.value, 0.15, 0.05);
  expect_close("fetch", p.fetch.typical.value, 1.5);
  expect_close("enqueue", p.enqueue.typical.value, 0.3);
  EXPECT_LT(error_of(m, PolicyKind::kHybrid), 0.02);
}

// What the hand-offs of one policy say holds for another one.
TEST(CalibratePolicies, OfStaticPredictsAot) {
  Machine base = wrong_base();
  base.protocol.enqueue = gpu().protocol.enqueue;  // static enqueues nothing
  base.protocol.dequeue = gpu().protocol.dequeue;
  const Trace run = as_recorded_on_a_device(run_of(gpu(), PolicyKind::kStatic));
  EXPECT_LT(error_of(calibrated(base, run).machine, PolicyKind::kAot), 0.015);
}

TEST(CalibratePolicies, GivesEachNumberAnInterval) {
  const Calibration c = calibrated(wrong_base(), run_of(gpu(), PolicyKind::kStatic));
  const FittedNumber& notify = number(c, "protocol.notify.typical");
  EXPECT_LT(notify.low, notify.value);
  EXPECT_GT(notify.high, notify.value);
  EXPECT_LT(notify.high - notify.low, 0.02);
  EXPECT_EQ(c.machine.protocol.notify.typical.low, notify.low);
  EXPECT_EQ(c.machine.protocol.notify.typical.high, notify.high);
}

// All streams at once: the limit of a body that the memory holds is not known.
TEST(CalibratePolicies, SaysThatTheMemoryHidesALimit) {
  Machine machine = gpu();
  for (BandwidthPoint& point : machine.memory.curve) put(point.bandwidth, 300);
  const Calibration c = calibrated(machine, run_of(machine, PolicyKind::kStatic));
  EXPECT_THAT(c.notes, Contains(HasSubstr("port_limit are not told apart")));
  EXPECT_GE(c.machine.stream_limit(c.machine.body(TaskKind::kLinear)),
            machine.stream_limit(machine.body(TaskKind::kLinear)));
}

// Measured on an H100 (traces/samples/README.md); its primitives were measured a day before.
TEST(CalibratePolicies, TheH100Sample) {
  const Machine base =
      *load_machine(source_dir() + "/experiments/gpu_validation/h100-2026-11-25/machine.json");
  const Trace measured = *read_trace(source_dir() + "/traces/samples/h100.db");
  const Calibration c = calibrated(base, measured);
  const ProtocolNumbers& p = c.machine.protocol;
  EXPECT_NEAR(p.notify.typical.value, 0.74, 0.02);
  // Recorded medians: 0.42 us after waits of more than 6 us, 2.0 us where the event came first.
  const double step = p.observe.typical.value + p.dispatch.typical.value;
  EXPECT_NEAR(step + (p.observe.typical.value + p.poll_interval.value) / 2, 0.42, 0.08);
  EXPECT_NEAR(p.fetch.typical.value + step, 2.0, 0.25);
  EXPECT_THAT(c.numbers, Contains(Field(&FittedNumber::path, "protocol.fetch.typical")));
}

}  // namespace
}  // namespace mk
