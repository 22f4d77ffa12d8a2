// Cases whose makespan a person can work out, of machines that deal rows of weights to warps.
// 10,000 bytes stream in 1 us unless a test says otherwise.
#include <gtest/gtest.h>

#include "core/row_deal.h"
#include "tests/simulator/simple.h"

namespace mk {
namespace {

using testing::layers;
using testing::makespan_us;
using testing::plain_options;
using testing::set;
using testing::simple_machine;

constexpr double kRounding = 1e-4;  // us

// One task of `rows` rows of 10 KB, that is 1 us, dealt to four warps.
std::shared_ptr<const TaskGraph> rows_of_weights(std::uint32_t rows, bool gated = false) {
  TaskGraphBuilder builder({}, TaskGraphBuilder::OperatorTiles::kAny);
  Operator op;
  op.kind = TaskKind::kLinear;
  op.params = LinearParams{.in = 5'000, .out = rows, .gated = gated};
  op.accesses.resize(2);
  for (Access& access : op.accesses) access.tensor = builder.add_tensor({.shape = {{rows, 5'000}}});
  TaskClass work;
  work.weight_bytes.base = rows * 10'000;
  builder.add_task({builder.add_operator(op), op.kind, 0, builder.add_class(work),
                    LaunchLabel::kAot, TaskGraphBuilder::kBegin, TaskGraphBuilder::kEnd});
  return std::make_shared<const TaskGraph>(std::move(builder).build().value());
}

TEST(ClosedForms, TheLastRoundOfRowsStreamsWithAsManyWarpsAsHaveOne) {
  Machine machine = simple_machine();
  BodyNumbers& linear = machine.bodies[index_of(TaskKind::kLinear)];
  set(linear.warps, 4);
  set(machine.shared_memory.page_bytes, 4'096);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 1);
  EXPECT_NEAR(makespan_us(rows_of_weights(8), machine, options), 8, kRounding);
  // Two of four warps have a third row, and one of four the only one.
  EXPECT_NEAR(makespan_us(rows_of_weights(10), machine, options), 8 + 2 * 2, kRounding);
  EXPECT_NEAR(makespan_us(rows_of_weights(1), machine, options), 4, kRounding);
  set(linear.enough_warps, 2);
  EXPECT_NEAR(makespan_us(rows_of_weights(10), machine, options), 10, kRounding);
  EXPECT_NEAR(makespan_us(rows_of_weights(1), machine, options), 2, kRounding);
  options.mechanisms.warp_rounds = false;
  EXPECT_NEAR(makespan_us(rows_of_weights(1), machine, options), 1, kRounding);
}

TEST(ClosedForms, RowsOfAGatedLinearAreDealtInPairs) {
  Machine machine = simple_machine();
  set(machine.bodies[index_of(TaskKind::kLinear)].warps, 4);
  set(machine.shared_memory.page_bytes, 4'096);
  const SimulationOptions options = plain_options(PolicyKind::kStatic, 1);
  const auto us = [&](std::uint32_t rows, bool gated) {
    return makespan_us(rows_of_weights(rows, gated), machine, options);
  };
  EXPECT_NEAR(us(8, true), 8, kRounding);
  // One of four warps has two rows more; two of four, one each.
  EXPECT_NEAR(us(10, true), 8 + 2 * 4, kRounding);
  EXPECT_NEAR(us(10, false), 8 + 2 * 2, kRounding);
  // A chunk of two rows is a pair anyway.
  set(machine.shared_memory.page_bytes, 20'000);
  EXPECT_NEAR(us(10, true), us(10, false), kRounding);
}

// Eight rows of 10 KB at 10 GB/s.
TEST(ClosedForms, RowsStreamByHowManyAChunkHolds) {
  Machine machine = simple_machine();
  BodyNumbers& linear = machine.bodies[index_of(TaskKind::kLinear)];
  set(linear.warps, 4);
  set(linear.pair_limit, 4);
  set(linear.row_limit, 5);
  set(linear.row_time, 0.5);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 1);
  const auto with_chunks_of = [&](double bytes) {
    set(machine.shared_memory.page_bytes, bytes);
    return makespan_us(rows_of_weights(8), machine, options);
  };
  EXPECT_NEAR(with_chunks_of(4'096), 8 + 8 * 0.5, kRounding);
  EXPECT_NEAR(with_chunks_of(16'384), 16, kRounding);
  EXPECT_NEAR(with_chunks_of(20'000), 20, kRounding);
  set(linear.pair_limit, 0);
  EXPECT_NEAR(with_chunks_of(20'000), 8, kRounding);
  options.mechanisms.row_rates = false;
  EXPECT_NEAR(with_chunks_of(16'384), 8, kRounding);
}

TEST(ClosedForms, FirstWeightsComeWhileABodyOfWarpsReadsItsInput) {
  Machine machine = simple_machine();
  BodyNumbers& linear = machine.bodies[index_of(TaskKind::kLinear)];
  set(linear.warps, 4);
  set(linear.fixed, 3);
  set(machine.shared_memory.page_bytes, 4'096);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 1);
  SimulationOptions apart = options;
  apart.mechanisms.input_overlap = false;
  // Alone a body has its weights as fast as its warps multiply, and both are the same.
  for (const SimulationOptions& either : {options, apart}) {
    EXPECT_NEAR(makespan_us(rows_of_weights(8), machine, either), 3 + 8, kRounding);
    EXPECT_NEAR(makespan_us(rows_of_weights(10), machine, either), 3 + 8 + 2 * 2, kRounding);
  }
  // A slow memory has not brought them when the input is there.
  set(machine.memory.curve[0].bandwidth, 5);
  EXPECT_NEAR(makespan_us(rows_of_weights(8), machine, options), 16, kRounding);
  EXPECT_NEAR(makespan_us(rows_of_weights(8), machine, apart), 16 + 3, kRounding);
  set(linear.fixed, 10);
  EXPECT_NEAR(makespan_us(rows_of_weights(8), machine, options), 10 + 8, kRounding);
}

// Two workers' tasks of 10 and 50 KB, and behind both a task of 40 KB for each.
std::shared_ptr<const TaskGraph> one_waits() {
  TaskGraphBuilder builder({}, TaskGraphBuilder::OperatorTiles::kAny);
  Operator op;
  op.kind = TaskKind::kLinear;
  op.grid.extent = {2, 1, 1};
  const OperatorId id = builder.add_operator(op);
  const auto middle = builder.add_event();
  const auto add = [&](std::uint32_t tile, std::int64_t bytes, auto before, auto after) {
    TaskClass work;
    work.weight_bytes.base = work.preload_bytes = bytes;
    builder.add_task(
        {id, op.kind, tile, builder.add_class(work), LaunchLabel::kAot, before, after});
  };
  add(0, 10'000, TaskGraphBuilder::kBegin, middle);
  add(1, 50'000, TaskGraphBuilder::kBegin, middle);
  add(0, 40'000, middle, TaskGraphBuilder::kEnd);
  add(1, 40'000, middle, TaskGraphBuilder::kEnd);
  return std::make_shared<const TaskGraph>(std::move(builder).build().value());
}

// Linears of one warp, whose ring has three chunks of 10 KB.
Machine machine_with_a_ring() {
  Machine machine = simple_machine();
  set(machine.bodies[index_of(TaskKind::kLinear)].warps, 1);
  set(machine.shared_memory.page_bytes, 10'000);
  set(machine.shared_memory.pages, 3);
  return machine;
}

TaskRecord record_of(const SimulationResult& result, std::uint32_t task) {
  for (const TaskRecord& record : result.record->tasks) {
    if (record.task == task) return record;
  }
  ADD_FAILURE() << "no record of task " << task;
  return {};
}

TEST(ClosedForms, WhatLiesInRingsIsStillWorkedOffAndOnlyWhoWaitsLoadsAhead) {
  Machine machine = machine_with_a_ring();
  set(machine.bodies[index_of(TaskKind::kLinear)].start_up, 0.75);
  set(machine.shared_memory.hold, 0.5);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 2);
  options.mechanisms.behind_requests = false;
  const Result<SimulationResult> with = simulate(one_waits(), machine, [&] {
    options.record = true;
    return options;
  }());
  ASSERT_TRUE(with) << with.error().message;
  const auto end_of = [&](std::uint32_t task) {
    return static_cast<double>(record_of(*with, task).end) * 1e-3;
  };
  constexpr double kActive = 0.75 + 5;
  constexpr double kNanosecond = 2e-3;
  // Worker 0 has two pages by then, holds on for its input, and works off 40 KB.
  EXPECT_NEAR(end_of(2), kActive + 0.5 + 4, kNanosecond);
  // Worker 1 came last.
  EXPECT_NEAR(end_of(3), kActive + 0.75 + 4, kNanosecond);
}

TEST(ClosedForms, AStaticListsNextTaskBeginsWhileItsWorkerNotifies) {
  Machine machine = machine_with_a_ring();
  set(machine.protocol.notify.typical, 0.5);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 2);
  options.record = true;
  const auto preload_of = [&](std::uint32_t task) {
    const Result<SimulationResult> result = simulate(one_waits(), machine, options);
    return static_cast<double>(record_of(*result, task).preload) * 1e-3;
  };
  constexpr double kNanosecond = 2e-3;
  EXPECT_NEAR(preload_of(2), 1, kNanosecond);
  EXPECT_NEAR(preload_of(3), 5, kNanosecond);  // its own arrival activates its event, later
  options.mechanisms.begin_ahead = false;
  EXPECT_NEAR(preload_of(2), 1.5, kNanosecond);
  EXPECT_EQ(preload_of(3), static_cast<double>(kNotTaken) * 1e-3);
}

TEST(ClosedForms, FewChunksAreUnderWayUntilTheEventIsActive) {
  Machine machine = machine_with_a_ring();
  // 24 KiB in 6.144 us: 4 GB/s, where the memory gives 5.
  set(machine.memory.loaded_latency, 6.144);
  set(machine.memory.curve[0].bandwidth, 5);
  const auto with_event_after = [&](double us, bool is_on) {
    set(machine.protocol.notify.typical, us);
    SimulationOptions options = plain_options(PolicyKind::kStatic, 1);
    options.mechanisms.few_under_way = is_on;
    options.mechanisms.behind_requests = false;
    return makespan_us(layers(2, 1, 40'000), machine, options);
  };
  // 5 or 4 KB come while the worker notifies, then all else at the memory's rate.
  EXPECT_NEAR(with_event_after(1, false), 8 + 1 + 7 + 1, kRounding);
  EXPECT_NEAR(with_event_after(1, true), 8 + 1 + 7.2 + 1, kRounding);
}

TEST(ClosedForms, AnArrivalStandsBehindWhatItsWorkerHasAskedFor) {
  const Machine machine = machine_with_a_ring();
  const auto makespan = [&](PolicyKind policy, bool preloads, bool is_on) {
    SimulationOptions options = plain_options(policy, 1);
    options.mechanisms.preload = preloads;
    options.mechanisms.behind_requests = is_on;
    return makespan_us(layers(3, 1, 40'000), machine, options);
  };
  const double behind = kBytesUnderWay * 1e-3 / machine.bandwidth_at(1);
  // Two of three bodies have a next one, whose first bytes come during that time.
  const double without = makespan(PolicyKind::kStatic, true, false);
  const double with = makespan(PolicyKind::kStatic, true, true);
  EXPECT_GT(with, without);
  EXPECT_LE(with, without + 2 * behind + kRounding);
  EXPECT_EQ(makespan(PolicyKind::kStatic, false, true),
            makespan(PolicyKind::kStatic, false, false));
  EXPECT_EQ(makespan(PolicyKind::kAot, true, true), makespan(PolicyKind::kAot, true, false));
}

TEST(ClosedForms, AStaticListsWorkerKeepsItsBooksBesideABody) {
  Machine machine = machine_with_a_ring();
  set(machine.protocol.dispatch.typical, 0.75);
  const auto makespan = [&](std::int64_t bytes, PolicyKind policy, bool is_on) {
    SimulationOptions options = plain_options(policy, 1);
    options.mechanisms.preload = false;
    options.mechanisms.books_beside = is_on;
    return makespan_us(layers(2, 1, bytes), machine, options);
  };
  EXPECT_NEAR(makespan(10'000, PolicyKind::kStatic, true), 2 * 1, kRounding);
  EXPECT_NEAR(makespan(10'000, PolicyKind::kStatic, false), 2 * (0.75 + 1), kRounding);
  // A task that is shorter than the books.
  EXPECT_NEAR(makespan(5'000, PolicyKind::kStatic, true), 2 * 0.75, kRounding);
  EXPECT_NEAR(makespan(10'000, PolicyKind::kAot, true), 2 * (0.75 + 1), kRounding);
}

}  // namespace
}  // namespace mk
