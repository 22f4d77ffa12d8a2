// GPCs, the L2 and SMs that differ: cases that a person can work out. 10,000 bytes stream in 1 us
// at the body's own rate of 10 GB/s.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/simulator/drawn.h"
#include "tests/simulator/simple.h"

namespace mk {
namespace {

using testing::layers;
using testing::makespan_us;
using testing::plain_options;
using testing::set;
using testing::simple_machine;

constexpr double kRounding = 1e-4;  // us

// The last end of each worker, us.
std::vector<double> last_ends(const std::shared_ptr<const TaskGraph>& graph, const Machine& machine,
                              SimulationOptions options) {
  options.record = true;
  const Result<SimulationResult> result = simulate(graph, machine, options);
  EXPECT_TRUE(result) << result.error().message;
  std::vector<double> ends(options.roles.workers);
  if (!result) return ends;
  for (const TaskRecord& task : result->record->tasks) {
    ends[task.lane] = std::max(ends[task.lane], static_cast<double>(task.end) * 1e-3);
  }
  return ends;
}

Machine with_gpcs(double sms, double bandwidth) {
  Machine machine = simple_machine();
  set(machine.gpc_sms, sms);
  set(machine.gpc_bandwidth, bandwidth);
  return machine;
}

TEST(GpcCap, TheSmsOfAGpcShareWhatItTakesIn) {
  const auto graph = layers(1, 8, 10'000);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 8);
  const Machine machine = with_gpcs(4, 20);  // two GPCs of four

  EXPECT_NEAR(makespan_us(graph, machine, options), 40'000 / 20e3, kRounding);

  options.mechanisms.gpc_cap = false;
  EXPECT_NEAR(makespan_us(graph, machine, options), 1, kRounding);
}

TEST(GpcCap, ALaunchFillsTheGpcsInTurn) {
  // Four workers of eight SMs: two on each GPC, which takes in what both ask for.
  EXPECT_NEAR(
      makespan_us(layers(1, 4, 10'000), with_gpcs(4, 20), plain_options(PolicyKind::kStatic, 4)), 1,
      kRounding);
}

TEST(GpcCap, AnEvenCutLeavesTheSmsOfASmallGpcIdle) {
  Machine machine = with_gpcs(0, 30);
  machine.sm_port.resize(8);
  for (std::size_t sm = 0; sm < 8; ++sm) set(machine.sm_port[sm], sm < 6 ? 0 : 1);

  const std::vector<double> ends =
      last_ends(layers(1, 8, 10'000), machine, plain_options(PolicyKind::kStatic, 8));

  for (std::size_t sm = 0; sm < 8; ++sm) EXPECT_NEAR(ends[sm], sm < 6 ? 2 : 1, 2e-3) << sm;
}

TEST(GpcCap, HoldsForKernelsToo) {
  const auto graph = layers(1, 8, 10'000);
  const SimulationOptions options = plain_options(PolicyKind::kGraph, 8);
  const double us = makespan_us(graph, simple_machine(), options);

  // 8 blocks of 10,000 bytes at 10 GB/s each; then 20 GB/s for each four.
  EXPECT_NEAR(makespan_us(graph, with_gpcs(4, 20), options) - us, 1, kRounding);
}

TEST(GpcCap, NoRunBeatsItsBytesOverWhatTheGpcsTakeIn) {
  const Machine machine = with_gpcs(4, 5);
  const auto result =
      simulate(layers(3, 8, 10'000), machine, plain_options(PolicyKind::kStatic, 8));

  ASSERT_TRUE(result);
  EXPECT_NEAR(to_microseconds(result->bounds->bytes), 240'000 / 10e3, 1e-3);
  EXPECT_GE(result->makespan, result->bounds->largest());
}

TEST(SmFactor, TwentyFourOf132SmsThatStream129TimesAsFastEndFirstAndLoadNoMore) {
  // As an H100 does (gpu_backend/cuda/README.md): shares of a full memory, in proportion.
  Machine machine = simple_machine();
  set(machine.sms, 132);
  machine.sm_factor.resize(132);
  for (std::size_t sm = 0; sm < 132; ++sm) set(machine.sm_factor[sm], sm < 24 ? 1 / 1.29 : 1);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 132);
  options.mechanisms.sm_spread = true;

  const std::vector<double> ends = last_ends(layers(1, 132, 100'000), machine, options);

  const double fast = 100'000 / (1000e3 * 1.29 / (108 + 24 * 1.29));
  for (std::size_t sm = 0; sm < 24; ++sm) EXPECT_NEAR(ends[sm], fast, 2e-3) << sm;
  // Together they have loaded all bytes at the memory's bandwidth, but for the streams' own limit.
  const double rest = 108 * 100'000 * (1 - 1 / 1.29);
  const double slow = fast + rest / 1000e3;
  for (std::size_t sm = 24; sm < 132; ++sm) EXPECT_NEAR(ends[sm], slow, 2e-3) << sm;
}

TEST(PortShares, TheSmsOfASmallPortEndFirstAndAllLoadAtTheMemorysBandwidth) {
  // 80 GB/s asked for, 20 there: three quarters are missing, and an SM has a request waiting with
  // chance 0.6. Ports of six and two: 1 - 0.4^6 and 1 - 0.4^2.
  Machine machine = simple_machine();
  set(machine.memory.curve[0].bandwidth, 20);
  set(machine.port_contention, 0.8);
  machine.sm_port.resize(8);
  for (std::size_t sm = 0; sm < 8; ++sm) set(machine.sm_port[sm], sm < 6 ? 0 : 1);
  const auto graph = layers(1, 8, 10'000);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 8);

  const std::vector<double> ends = last_ends(graph, machine, options);

  const double six = 1 - std::pow(0.4, 6), two = 1 - std::pow(0.4, 2);
  const double small = 20'000 / (20e3 * two / (six + two));
  for (std::size_t sm = 6; sm < 8; ++sm) EXPECT_NEAR(ends[sm], small, 2e-3) << sm;
  for (std::size_t sm = 0; sm < 6; ++sm) EXPECT_NEAR(ends[sm], 4, 2e-3) << sm;

  options.mechanisms.port_shares = false;
  for (const double end : last_ends(graph, machine, options)) EXPECT_NEAR(end, 4, 2e-3);
}

TEST(PortShares, HoldForKernelsToo) {
  Machine machine = simple_machine();
  set(machine.memory.curve[0].bandwidth, 20);
  machine.sm_port.resize(8);
  for (std::size_t sm = 0; sm < 8; ++sm) set(machine.sm_port[sm], sm < 6 ? 0 : 1);
  const auto graph = layers(1, 8, 10'000);
  SimulationOptions options = plain_options(PolicyKind::kGraph, 8);
  const double by_sm = makespan_us(graph, machine, options);

  set(machine.port_contention, 1);

  // 80,000 bytes at 20 GB/s, whoever gets them first.
  EXPECT_NEAR(makespan_us(graph, machine, options), by_sm, kRounding);
}

// An L2 that gives each stream its body's rate; the memory gives all eight together half of that.
Machine with_l2(double capacity) {
  Machine machine = simple_machine();
  set(machine.memory.curve[0].bandwidth, 40);
  set(machine.memory.l2_capacity, capacity);
  set(machine.memory.l2_bandwidth, 1000);
  return machine;
}

std::vector<double> iterations_us(const std::shared_ptr<const TaskGraph>& graph,
                                  const Machine& machine, SimulationOptions options) {
  options.iterations.assign(3, decode_step(1, 1));
  const Result<SimulationResult> result = simulate(graph, machine, options);
  EXPECT_TRUE(result) << result.error().message;
  std::vector<double> us;
  for (const Duration iteration : result->iterations) us.push_back(to_microseconds(iteration));
  return us;
}

TEST(L2Capacity, WhatFitsComesFromTheMemoryOnce) {
  const std::vector<double> us =
      iterations_us(layers(4, 8, 10'000), with_l2(320'000), plain_options(PolicyKind::kStatic, 8));
  EXPECT_NEAR(us[0], 320'000 / 40e3, kRounding);
  EXPECT_NEAR(us[1], 4, kRounding);  // 10 GB/s a stream
  EXPECT_NEAR(us[2], 4, kRounding);
}

TEST(L2Capacity, WeightsThatExceedItNeverHit) {
  const std::vector<double> us =
      iterations_us(layers(4, 8, 10'000), with_l2(319'999), plain_options(PolicyKind::kStatic, 8));
  for (const double iteration : us) EXPECT_NEAR(iteration, 320'000 / 40e3, kRounding);
}

TEST(L2Capacity, ItsBandwidthIsShared) {
  Machine machine = with_l2(1e6);
  set(machine.memory.l2_bandwidth, 64);
  const std::vector<double> us =
      iterations_us(layers(4, 8, 10'000), machine, plain_options(PolicyKind::kStatic, 8));
  EXPECT_NEAR(us[2], 320'000 / 64e3, kRounding);
}

TEST(L2Capacity, FewBytesInFlightAreLimitedByItsLatencyAndStartSooner) {
  Machine machine = with_l2(1e6);
  BodyNumbers& body = machine.bodies[index_of(TaskKind::kLinear)];
  set(body.bytes_in_flight, 4'000);
  set(body.start_up, 3);
  set(machine.memory.loaded_latency, 2);
  set(machine.memory.latency, 1.5);
  set(machine.memory.l2_near, 0.4);
  set(machine.memory.l2_far, 0.6);
  SimulationOptions options = plain_options(PolicyKind::kStatic, 8);
  options.mechanisms.preload = false;
  options.mechanisms.l2_distance = false;
  const std::vector<double> us = iterations_us(layers(1, 8, 10'000), machine, options);
  EXPECT_NEAR(us[0], 3 + 10'000 / 2e3, kRounding);
  EXPECT_NEAR(us[1], 3 - (1.5 - 0.5) + 10'000 / 8e3, kRounding);
}

TEST(L2Capacity, OffEverythingComesFromMemory) {
  SimulationOptions options = plain_options(PolicyKind::kStatic, 8);
  options.mechanisms.l2_capacity = false;
  const std::vector<double> us = iterations_us(layers(4, 8, 10'000), with_l2(1e6), options);
  for (const double iteration : us) EXPECT_NEAR(iteration, 320'000 / 40e3, kRounding);
}

TEST(L2Capacity, HitsAreNoBytesOfTheMemory) {
  SimulationOptions options = plain_options(PolicyKind::kStatic, 8);
  options.iterations.assign(3, decode_step(1, 1));
  const auto result = simulate(layers(4, 8, 10'000), with_l2(1e6), options);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->bounds->weight_bytes, 320'000);
  EXPECT_NEAR(result->hbm_fraction, 320'000 / (1000e3 * to_microseconds(result->makespan)), 1e-9);
}

TEST(L2Capacity, HoldsForKernelsToo) {
  const std::vector<double> us =
      iterations_us(layers(4, 8, 10'000), with_l2(1e6), plain_options(PolicyKind::kGraph, 8));
  EXPECT_NEAR(us[0] - us[1], 320'000 / 40e3 - 4, kRounding);
}

}  // namespace
}  // namespace mk
