// The elided engine against the event-by-event one: the same result to the picosecond, the same
// records, for drawn graphs under every policy, with drawn sets of mechanisms.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/compiler.h"
#include "core/model.h"
#include "core/random.h"
#include "tests/simulator/drawn.h"
#include "tests/simulator/simple.h"

namespace mk {
namespace {

using testing::all_splits;
using testing::describe;
using testing::drawn_exchange;
using testing::drawn_graph;

auto key(const TaskRecord& r) {
  return std::tie(r.iteration, r.task, r.lane, r.enqueued, r.fetched, r.ready, r.preload, r.page,
                  r.start, r.first_data, r.end, r.notified, r.bound);
}

auto key(const ActivationRecord& r) {
  return std::tie(r.iteration, r.event, r.lane, r.activated, r.dequeued, r.launched);
}

std::string text(const TaskRecord& r) {
  std::string text = "iteration " + std::to_string(r.iteration) + " task " +
                     std::to_string(r.task) + " lane " + std::to_string(r.lane) + ":";
  for (const Nanoseconds instant :
       {r.enqueued, r.fetched, r.ready, r.preload, r.start, r.first_data, r.end, r.notified}) {
    text += instant == kNotTaken ? " -" : " " + std::to_string(instant);
  }
  return text;
}

std::string text(const ActivationRecord& r) {
  return "iteration " + std::to_string(r.iteration) + " event " + std::to_string(r.event) + ": " +
         std::to_string(r.activated) + " " + std::to_string(r.dequeued) + " " +
         std::to_string(r.launched);
}

template <typename Row>
void expect_same_rows(std::vector<Row> a, std::vector<Row> b) {
  const auto by_key = [](const Row& x, const Row& y) { return key(x) < key(y); };
  std::sort(a.begin(), a.end(), by_key);
  std::sort(b.begin(), b.end(), by_key);
  ASSERT_EQ(a.size(), b.size());
  // The earliest difference says most.
  const Row* first = nullptr;
  const Row* other = nullptr;
  const auto instant = [](const Row& r) {
    if constexpr (std::is_same_v<Row, TaskRecord>) {
      return r.notified;
    } else {
      return r.activated;
    }
  };
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (key(a[i]) == key(b[i])) continue;
    if (first != nullptr && instant(*first) <= instant(a[i])) continue;
    first = &a[i];
    other = &b[i];
  }
  ASSERT_EQ(first, nullptr) << text(*first) << "\n" << text(*other);
}

void expect_same_sums(const SimulationResult& a, const SimulationResult& b) {
  EXPECT_EQ(a.makespan, b.makespan);
  EXPECT_EQ(a.iterations, b.iterations);
  EXPECT_EQ(a.hbm_fraction, b.hbm_fraction);
  EXPECT_EQ(a.worker_busy_fraction, b.worker_busy_fraction);
  EXPECT_EQ(a.scheduler_busy_fraction, b.scheduler_busy_fraction);
  EXPECT_EQ(a.tasks_simulated, b.tasks_simulated);
}

void expect_agreement(const std::shared_ptr<const TaskGraph>& graph, const Machine& machine,
                      SimulationOptions options) {
  options.lower_bounds = false;
  const Result<SimulationResult> elided = simulate(graph, machine, options);
  // What is not recorded leaves out more (engine_early.h).
  options.record = false;
  const Result<SimulationResult> unrecorded = simulate(graph, machine, options);
  options.record = elided && elided->record;
  options.engine = EngineKind::kReference;
  const Result<SimulationResult> reference = simulate(graph, machine, options);
  ASSERT_TRUE(elided) << elided.error().message;
  ASSERT_TRUE(unrecorded) << unrecorded.error().message;
  ASSERT_TRUE(reference) << reference.error().message;
  if (options.record) {
    ASSERT_NO_FATAL_FAILURE(expect_same_rows(elided->record->tasks, reference->record->tasks));
    ASSERT_NO_FATAL_FAILURE(
        expect_same_rows(elided->record->activations, reference->record->activations));
  }
  expect_same_sums(*elided, *reference);
  expect_same_sums(*unrecorded, *reference);
  EXPECT_EQ(unrecorded->events_processed, elided->events_processed);
}

void expect_agreement_on_all_splits(const std::shared_ptr<const TaskGraph>& graph,
                                    const Machine& machine, std::uint64_t seed) {
  for (const SimulationOptions& options : all_splits(seed)) {
    SCOPED_TRACE(describe(options));
    ASSERT_NO_FATAL_FAILURE(expect_agreement(graph, machine, options));
  }
}

std::string switched_off(const Mechanisms& mechanisms) {
  std::string off;
  for (const MechanismFacts& mechanism : kMechanisms) {
    if (!(mechanisms.*mechanism.on)) off += " " + std::string(mechanism.name);
  }
  return off;
}

TEST(EnginesAgree, WithEveryMechanism) {
  const Machine machine = load_machine("h100-sxm").value();
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const auto graph = drawn_graph(seed);
    ASSERT_NO_FATAL_FAILURE(expect_agreement_on_all_splits(graph, machine, seed));
  }
}

TEST(EnginesAgree, WithSlowWorkersAndLateNotifies) {
  const Machine machine = load_machine("h100-sxm").value();
  const auto graph = drawn_graph(7);
  for (SimulationOptions options : all_splits(7)) {
    options.injections.slow_workers = {{0, 1.5}};
    if (options.roles.workers > 2) options.injections.slow_workers.push_back({2, 1.1});
    options.injections.notify_delay_us = 0.7;
    SCOPED_TRACE(describe(options));
    ASSERT_NO_FATAL_FAILURE(expect_agreement(graph, machine, options));
  }
}

TEST(EnginesAgree, WithEachMechanismOff) {
  const Machine machine = load_machine("h100-sxm").value();
  std::uint64_t seed = 20;
  for (const MechanismFacts& mechanism : kMechanisms) {
    const auto graph = drawn_graph(++seed);
    const std::vector<SimulationOptions> splits = all_splits(seed);
    for (std::size_t i = seed % 4; i < splits.size(); i += 4) {
      SimulationOptions options = splits[i];
      options.mechanisms.*mechanism.on = false;
      SCOPED_TRACE(describe(options) + " without " + std::string(mechanism.name));
      ASSERT_NO_FATAL_FAILURE(expect_agreement(graph, machine, options));
    }
  }
}

TEST(EnginesAgree, WithDrawnMechanisms) {
  const Machine machine = load_machine("h100-sxm").value();
  for (std::uint64_t seed = 100; seed < 102; ++seed) {
    const auto graph = drawn_graph(seed);
    std::uint32_t drawn = 0;
    for (SimulationOptions& options : all_splits(seed)) {
      const std::uint64_t bits = random_bits(seed, 0, drawn++, 3);
      for (std::size_t m = 0; m < kMechanisms.size(); ++m) {
        options.mechanisms.*kMechanisms[m].on = (bits >> m & 1) != 0;
      }
      // Where several hops take no time, chains of them fall on one instant, and their order is
      // anybody's.
      options.mechanisms.hand_off = true;
      SCOPED_TRACE(describe(options) + " without" + switched_off(options.mechanisms));
      ASSERT_NO_FATAL_FAILURE(expect_agreement(graph, machine, options));
    }
  }
}

TEST(EnginesAgree, WhereTasksAreManyTiles) {
  Machine machine = load_machine("h100-sxm").value();
  for (BodyNumbers& body : machine.bodies) testing::set(body.tile_bytes, 40'000);
  for (const double pages : {2.0, 7.0}) {
    testing::set(machine.shared_memory.pages, pages);
    ASSERT_NO_FATAL_FAILURE(expect_agreement_on_all_splits(drawn_graph(400), machine, 400));
  }
}

// GB/s that the L2 gives when it holds the whole graph; 0: it holds nothing.
class EnginesAgreeWithL2 : public ::testing::TestWithParam<int> {};

TEST_P(EnginesAgreeWithL2, AndGpcsOfUnequalSizes) {
  Machine machine = load_machine("h100-sxm").value();
  testing::set(machine.gpc_bandwidth, 90);
  testing::set(machine.port_contention, GetParam() == 200 ? 0 : 0.6);
  machine.sm_port.resize(132);
  for (std::size_t sm = 0; sm < 132; ++sm)
    testing::set(machine.sm_port[sm], static_cast<double>(sm * sm % 9));
  testing::set(machine.memory.l2_capacity, GetParam() > 0 ? 1e9 : 0);
  testing::set(machine.memory.l2_bandwidth, std::max(1, GetParam()));
  const std::uint64_t seed = 500 + static_cast<std::uint64_t>(GetParam());
  const auto graph = drawn_graph(seed);
  ASSERT_NO_FATAL_FAILURE(expect_agreement_on_all_splits(graph, machine, seed));
  const auto exchange = drawn_exchange(seed, 2);
  for (const SimulationOptions& options : all_splits(seed)) {
    const bool has_jit = facts(options.policy.kind).has_jit_queue;
    if (options.roles.schedulers == 0 && has_jit) continue;  // refused
    SCOPED_TRACE(describe(options));
    ASSERT_NO_FATAL_FAILURE(expect_agreement(exchange, machine, options));
  }
}

INSTANTIATE_TEST_SUITE_P(Bandwidths, EnginesAgreeWithL2, ::testing::Values(0, 7850, 200));

TEST(EnginesAgree, WhereStoresAreReleasedInGroupsAndPushesGoToEachScheduler) {
  Machine machine = load_machine("h100-sxm").value();
  testing::set(machine.protocol.publish, 0.58);
  testing::set(machine.protocol.broadcast_push, 1.6);
  testing::set(machine.protocol.broadcast_look, 0.4);
  testing::set(machine.protocol.enqueue_aot, 0.9);
  testing::set(machine.protocol.fetch_batch, 2);
  testing::set(machine.protocol.static_batch, 5);
  std::uint64_t seed = 600;
  for (const double batch : {1.0, 3.0, 8.0}) {
    testing::set(machine.protocol.publish_batch, batch);
    const auto graph = drawn_graph(++seed);
    ASSERT_NO_FATAL_FAILURE(expect_agreement_on_all_splits(graph, machine, seed));
  }
}

TEST(EnginesAgree, WhereSchedulersHaveLanesAndBodiesRings) {
  Machine machine = load_machine("h100-sxm").value();
  for (BodyNumbers& body : machine.bodies) testing::set(body.warps, 11);
  testing::set(machine.shared_memory.hold, 0.7);
  testing::set(machine.protocol.publish, 0.58);
  testing::set(machine.protocol.publish_batch, 8);
  std::uint64_t seed = 700;
  for (const double lanes : {1.0, 3.0, 32.0}) {
    testing::set(machine.protocol.scheduler_lanes, lanes);
    for (int graphs = 0; graphs < 3; ++graphs) {
      const auto graph = drawn_graph(++seed);
      ASSERT_NO_FATAL_FAILURE(expect_agreement_on_all_splits(graph, machine, seed));
    }
  }
}

TEST(EnginesAgree, WhereRowsAreDealtToWarps) {
  Machine machine = load_machine("h100-sxm").value();
  for (BodyNumbers& body : machine.bodies) testing::set(body.warps, 11);
  testing::set(machine.shared_memory.hold, 0.7);
  // A row of 576 columns is a chunk, so that those of a gated linear are dealt in pairs.
  testing::set(machine.shared_memory.page_bytes, 2'048);
  CompileOptions compile;
  compile.workers = 61;
  compile.partition = Partition::kBalanced;
  for (const OperatorFusion fusion : {OperatorFusion::kNone, OperatorFusion::kNormGated}) {
    compile.fusion = fusion;
    Compiled compiled =
        compile_model(load_model("smollm2-135m").value(), StepShape{1, 1, 4096}, compile).value();
    const auto graph = std::make_shared<const TaskGraph>(std::move(compiled.graph));
    for (const PolicyKind policy :
         {PolicyKind::kStatic, PolicyKind::kHybrid, PolicyKind::kAot, PolicyKind::kJit}) {
      SimulationOptions options;
      options.policy.kind = policy;
      options.roles = {61, 4};
      options.record = true;
      options.iterations = {decode_step(1, 1024), decode_step(1, 1025)};
      SCOPED_TRACE(describe(options));
      ASSERT_NO_FATAL_FAILURE(expect_agreement(graph, machine, options));
    }
  }
}

TEST(EnginesAgree, OnSeveralDevices) {
  const Machine machine = load_machine("h100-sxm").value();
  for (std::uint64_t seed = 300; seed < 303; ++seed) {
    const auto graph = drawn_exchange(seed, static_cast<std::uint8_t>(2 + seed % 3));
    for (const SimulationOptions& options : all_splits(seed)) {
      const bool has_jit = facts(options.policy.kind).has_jit_queue;
      if (options.roles.schedulers == 0 && has_jit) continue;  // refused
      SCOPED_TRACE(describe(options));
      ASSERT_NO_FATAL_FAILURE(expect_agreement(graph, machine, options));
    }
  }
}

TEST(EnginesAgree, OnAModel) {
  const Machine machine = load_machine("h100-sxm").value();
  CompileOptions compile;
  compile.workers = 128;
  Compiled compiled =
      compile_model(load_model("smollm2-135m").value(), StepShape{1, 1, 4096}, compile).value();
  const auto graph = std::make_shared<const TaskGraph>(std::move(compiled.graph));
  for (const PolicyKind policy : {PolicyKind::kHybrid, PolicyKind::kAot, PolicyKind::kJit}) {
    SimulationOptions options;
    options.policy.kind = policy;
    options.roles = {128, 16};
    options.iterations = {decode_step(1, 1024), decode_step(1, 1025)};
    ASSERT_NO_FATAL_FAILURE(expect_agreement(graph, machine, options));
  }
}

// The shortest lead is met exactly, and often.
TEST(EnginesAgree, UnderJitWhereNothingIsDrawn) {
  const Machine machine = load_machine("h100-sxm").value();
  for (std::uint64_t seed = 600; seed < 612; ++seed) {
    const auto graph = drawn_graph(seed);
    for (SimulationOptions options : all_splits(seed)) {
      if (options.policy.kind != PolicyKind::kJit) continue;
      options.mechanisms.noise = options.mechanisms.sm_spread = false;
      options.mechanisms.contention = options.mechanisms.poll_phase = seed % 2 == 0;
      SCOPED_TRACE(describe(options));
      ASSERT_NO_FATAL_FAILURE(expect_agreement(graph, machine, options));
    }
  }
}

// Early steps fill queues before their instant; what is recorded does without them.
TEST(EnginesAgree, RecordedAndNotOnWhetherAQueueOverflows) {
  Machine machine = load_machine("h100-sxm").value();
  const auto graph = drawn_graph(9);
  std::uint32_t refused = 0;
  std::uint32_t accepted = 0;
  for (const double capacity : {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0}) {
    testing::set(machine.protocol.queue_capacity, capacity);
    for (SimulationOptions& options : all_splits(9)) {
      if (options.policy.kind != PolicyKind::kJit) continue;
      SCOPED_TRACE(describe(options) + " capacity " + std::to_string(capacity));
      const Result<SimulationResult> recorded = simulate(graph, machine, options);
      options.record = false;
      const Result<SimulationResult> unrecorded = simulate(graph, machine, options);
      ASSERT_EQ(recorded.has_value(), unrecorded.has_value());
      if (recorded) {
        expect_same_sums(*recorded, *unrecorded);
      } else {
        EXPECT_EQ(recorded.error().message, unrecorded.error().message);
      }
      ++(recorded ? accepted : refused);
    }
  }
  EXPECT_GT(refused, 10U);
  EXPECT_GT(accepted, 10U);
}

}  // namespace
}  // namespace mk
