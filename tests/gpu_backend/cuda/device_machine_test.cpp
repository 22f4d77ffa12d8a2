#include <gmock/gmock.h>

#include <limits>

#include "core/row_deal.h"
#include "gpu_backend/cuda/microbench/body_fit.h"
#include "gpu_backend/cuda/microbench/machine.h"
#include "gpu_backend/cuda/microbench/port_fit.h"

namespace mk::cuda {
namespace {

using ::testing::HasSubstr;

constexpr double kLatency = 0.9;  // us, that the made-up bandwidths have
constexpr double kBandwidth = 3000;

DeviceFacts device_facts() {
  return {.name = "NVIDIA H100 80GB HBM3",
          .measured_on = "2026-11-25",
          .sms = 132,
          .memory_bytes = 85e9,
          .l2_bytes = 50e6,
          .chunk_bytes = 4096,
          .chunks = 33,
          .warps = 11,
          .kernel_blocks_per_sm = 1};
}

// Made up: what an H100 might measure.
std::vector<Primitive> primitives() {
  std::vector<Primitive> all = {
      {"sm_clock", 1.9, "GHz", 0.001},        {"sm_spread", 0.02, "", 0},
      {"l2_latency", 0.2, "us", 0.2},         {"notify_after_stores", 0.9, "us", 0.1},
      {"hand_off_by_add", 0.8, "us", 0.1},    {"add_1", 0.4, "us", 0.01},
      {"add_132", 1.71, "us", 0.01},          {"event_push_1", 0.7, "us", 0.1},
      {"event_hand_off", 1.0, "us", 0.1},     {"task_word", 0.3, "us", 0.1},
      {"mailbox_round", 0.08, "us", 0.01},    {"descriptor", 0.2, "us", 0.01},
      {"read_bandwidth_1", 60, "GB/s", 0.01}, {"read_bandwidth_132", kBandwidth, "GB/s", 0.01},
      {"copy_latency_4096", 0.8, "us", 0.1},  {"body_linear_start_up", 1.1, "us", 0.1},
      {"body_linear_rate", 50, "GB/s", 0.1},  {"body_linear_gflops_16_tokens", 380, "Gflop/s", 0.1},
      {"body_linear_total", 6, "us", 0.02},   {"body_linear_total_of_all", 11, "us", 0.2},
      {"launch_stream", 1.2, "us", 3.0}};
  for (const int kib : {8, 16, 24, 32}) {
    all.push_back({"read_bandwidth_all_" + std::to_string(kib) + "kib",
                   smooth_minimum(132 * kib * 1024e-9 / (kLatency * 1e-6), kBandwidth), "GB/s",
                   0.01});
  }
  return all;
}

Machine base() { return *load_machine("h100-sxm"); }

Machine measured() { return device_machine(base(), device_facts(), primitives()); }

TEST(DeviceMachine, IsAcceptedAsAMachineFile) {
  const Machine machine = measured();

  const Result<Machine> read = machine_from_json(machine_to_json(machine), "machine.json");

  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, machine);
}

TEST(DeviceMachine, SaysOfEachReplacedNumberWhenAndWhereItWasMeasured) {
  const Machine machine = measured();
  EXPECT_EQ(machine.clock.source, "microbench 2026-11-25 NVIDIA H100 80GB HBM3: sm_clock");
  EXPECT_THAT(machine.protocol.contention.source, HasSubstr("(add_132 - add_1) / 131"));
}

TEST(DeviceMachine, CombinesPrimitives) {
  const Machine machine = measured();
  EXPECT_NEAR(machine.protocol.notify.typical.value, 0.9 - 0.1, 1e-12);
  EXPECT_NEAR(machine.protocol.contention.value, 0.01, 1e-12);
  EXPECT_NEAR(machine.protocol.dequeue.typical.value, 1.0 - 0.7 + 0.3, 1e-12);
  EXPECT_NEAR(machine.protocol.dispatch.typical.value, 0.3 + 0.08 / 2 + 0.2, 1e-12);
  EXPECT_NEAR(machine.body(TaskKind::kLinear).fixed.value, 1.1 - 0.8, 1e-12);
  EXPECT_EQ(machine.body(TaskKind::kLinear).warps.value, 11);
  EXPECT_NEAR(machine.body(TaskKind::kLinear).flops_per_cycle.value, 200, 1e-9);
}

TEST(DeviceMachine, CallsNoNoiseWhatBodiesTakeFromEachOther) {
  EXPECT_EQ(measured().body(TaskKind::kLinear).spread.value, 0.02);
}

TEST(DeviceMachine, TakesASchedulersStepFromRunsOfEmptyTasks) {
  // Made of a push of 1.5 us, a store of 0.8, a take of 4 and a step of 2.
  std::vector<Primitive> all = primitives();
  const auto add = [&](const char* name, double us) { all.push_back({name, us, "us", 0.01}); };
  const double alone = 2.5 + 1.5 + 4;
  add("hop_static_132w0s", 2.5);
  add("hop_jit_132w0s", alone);
  add("barrier_jit_132w0s", alone + 131 * 1.5);
  const Machine without = device_machine(base(), device_facts(), all);
  const double hop = alone + 0.8 + 2 + without.protocol.scheduler_poll.value / 2;
  add("hop_jit_128w16s", hop);
  add("barrier_jit_128w16s", hop + 15 * 1.7 + 7 * 0.8);
  add("hop_jit_131w4s", hop);
  add("barrier_jit_131w4s", hop + 3 * 1.7 + 32 * 0.8);

  add("begin_store", 0.7);

  const ProtocolNumbers p = device_machine(base(), device_facts(), all).protocol;

  EXPECT_NEAR(p.enqueue.typical.value, 0.8, 1e-9);
  EXPECT_EQ(p.enqueue_aot.value, 0.7);
  EXPECT_NEAR(p.broadcast_push.value, 0.7 / 8, 1e-9);  // of eight at once
  EXPECT_NEAR(p.broadcast_push.value + p.broadcast_look.value, 1.7, 1e-9);
  EXPECT_NEAR(p.activate.typical.value, 1.5, 1e-9);
  EXPECT_NEAR(p.fetch.typical.value, 4, 1e-9);
  EXPECT_NEAR(p.dequeue.typical.value, 2, 1e-9);
  EXPECT_EQ(without.protocol.publish.value, 0);
}

TEST(DeviceMachine, TakesAHopFromRunsOfEmptyTasks) {
  std::vector<Primitive> all = primitives();
  all.push_back({"hop_static_132w0s", 2.5, "us", 0.01});
  all.push_back({"barrier_static_132w0s", 2.5 + 131 * 0.006, "us", 0.01});

  const ProtocolNumbers p = device_machine(base(), device_facts(), all).protocol;

  const double poll = (p.observe.typical.value + p.poll_interval.value) / 2;
  EXPECT_NEAR(p.notify.typical.value + poll + p.observe.typical.value + p.dispatch.typical.value,
              2.5, 1e-9);
  EXPECT_NEAR(p.contention.value, 0.006, 1e-9);
}

// Totals made of these numbers are explained by them.
TEST(DeviceMachine, TakesABodyFromTotalsOfSeveralSizes) {
  constexpr double kConstant = 1.4, kPerInput = 0.06, kRate = 60, kPairs = 65, kSingles = 70;
  constexpr double kRowTime = 0.01;
  constexpr std::uint32_t kEnough = 5;
  std::vector<Primitive> all = primitives();
  const auto total = [&](std::uint32_t in, std::uint32_t kib) {
    const RowDeal deal = RowDeal::of(kib * 512 / in, 2 * in, 4096);
    const std::uint32_t full = deal.rows_of_full_rounds(11), last = deal.warps_of_last_round(11);
    const double slowness = last == 0 ? 1 : std::max(1.0, static_cast<double>(kEnough) / last);
    const double rate = deal.group_rows > 1 ? kPairs : deal.panels == 1 ? kSingles : kRate;
    const double row = 2 * in * 1e-3 / rate + (deal.panels > 1 ? kRowTime : 0);
    return kConstant + kPerInput * in / 256 + (full + (deal.rows - full) * slowness) * row;
  };
  for (const std::uint32_t in : {1024U, 2048U, 4096U, 8192U}) {
    for (const std::uint32_t kib : {64U, 128U, 512U}) {
      all.push_back({"body_linear_" + std::to_string(in) + "x" + std::to_string(kib) + "kib",
                     total(in, kib), "us", 0.01});
    }
  }
  std::erase_if(all, [](const Primitive& p) { return p.name == "body_linear_total"; });
  all.push_back({"body_linear_total", total(1024, 256), "us", 0.02});

  const Machine machine = device_machine(base(), device_facts(), all);

  const BodyNumbers& body = machine.body(TaskKind::kLinear);
  EXPECT_NEAR(body.port_limit.value, kRate, 1e-6);
  EXPECT_NEAR(body.pair_limit.value, kPairs, 1e-6);
  EXPECT_NEAR(body.row_limit.value, kSingles, 1e-6);
  EXPECT_NEAR(body.row_time.value, kRowTime, 1e-9);
  EXPECT_NEAR(body.per_activation.value, kPerInput, 1e-9);
  EXPECT_EQ(body.enough_warps.value, kEnough);
  EXPECT_NEAR(body.start_up.value + body.fixed.value + body.epilogue.value, kConstant, 1e-6);
}

// Two sizes of a body that gates its input, whose streams are those of all linears.
TEST(DeviceMachine, TakesWhatGatingCostsFromTwoSizes) {
  constexpr LinearBodyFit kFit{1.4, 0.06, 65, 70, 60, 0.01, 5};
  constexpr double kGating = 0.02;
  std::vector<Primitive> all = primitives();
  std::erase_if(all, [](const Primitive& p) { return p.name == "body_linear_total"; });
  for (const std::uint32_t in : kFittedWidths) {
    for (const std::uint32_t kib : kFittedKib) {
      const double us =
          kFit.constant + kFit.per_input * in / 256 + stream_us(kFit, {in, kib, 0}, 11, 4096);
      all.push_back({"body_linear_" + std::to_string(in) + "x" + std::to_string(kib) + "kib", us,
                     "us", 0.01});
    }
  }
  const auto gated = [&](std::uint32_t in, std::uint32_t kib) {
    return 2 + kGating * 2 * in / 256 + stream_us(kFit, {in, kib, 0}, 11, 4096);
  };
  all.push_back({"body_silu_linear_rate", 50, "GB/s", 0.1});
  all.push_back({"body_silu_linear_epilogue", 0.5, "us", 0.1});
  all.push_back({"body_silu_linear_total", gated(3072, 256), "us", 0.02});
  all.push_back({"body_silu_linear_8192x512kib", gated(8192, 512), "us", 0.02});

  const Machine machine = device_machine(base(), device_facts(), all);

  const BodyNumbers& body = machine.body(TaskKind::kSiluLinear);
  EXPECT_NEAR(body.per_activation.value, kGating, 1e-6);
  EXPECT_NEAR(body.start_up.value + body.fixed.value + body.epilogue.value, 2, 1e-4);
  EXPECT_EQ(body.port_limit, machine.body(TaskKind::kLinear).port_limit);

  // Where all SMs read as many columns at once, that tells: a plain one's input and what is more.
  all.push_back({"bodies_linear_8192x256kib", 14.5, "us", 0.02});
  all.push_back({"bodies_silu_linear_8192x256kib", 15, "us", 0.02});
  const Machine crowded = device_machine(base(), device_facts(), all);
  const double plain = crowded.body(TaskKind::kLinear).per_activation.value * 32;
  EXPECT_NEAR(crowded.body(TaskKind::kSiluLinear).per_activation.value * 64, plain + 0.5, 1e-9);
}

TEST(DeviceMachine, FindsTheLatencyThatExplainsFewBytesInFlight) {
  EXPECT_NEAR(measured().memory.loaded_latency.value, kLatency, 0.01 * kLatency);
}

TEST(DeviceMachine, HasTheMeasuredBandwidthCurve) {
  const Machine machine = measured();
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(1), 60);
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(132), kBandwidth);
}

TEST(DeviceMachine, IsDescribedAgainFromWhatItSays) {
  const DeviceFacts facts = facts_of_machine(measured());
  EXPECT_EQ(facts.measured_on, "2026-11-25");
  EXPECT_TRUE(device_machine(base(), facts, primitives()) == measured());
}

TEST(DeviceMachine, PrefersTheCurveOfBlocksThatLieAsWorkersDo) {
  std::vector<Primitive> all = primitives();
  all.push_back({"stream_bandwidth_1", 70, "GB/s", 0.01});
  all.push_back({"stream_bandwidth_132", 3100, "GB/s", 0.01});
  const Machine machine = device_machine(base(), device_facts(), all);
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(1), 70);
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(132), 3100);
}

// What bodies get is what the simulator makes of the curve again.
TEST(DeviceMachine, TakesTheCurveFromBodiesWhereTheMemoryLimitsThem) {
  std::vector<Primitive> all = primitives();
  for (const std::uint32_t n : {1U, 40U, 100U, 132U}) {
    all.push_back(
        {"stream_bandwidth_" + std::to_string(n), std::min(n * 110.0, 3100.0), "GB/s", 0});
  }
  all.push_back({"bodies_bandwidth_1", 70, "GB/s", 0.01});
  all.push_back({"bodies_bandwidth_40", 2750, "GB/s", 0.01});
  all.push_back({"bodies_bandwidth_100", 2900, "GB/s", 0.01});
  const Machine machine = device_machine(base(), device_facts(), all);
  EXPECT_NEAR(smooth_minimum(100 * 70, machine.bandwidth_at(100)), 2900, 1e-6);
  EXPECT_THAT(machine.memory.curve[2].bandwidth.source, HasSubstr("bodies_bandwidth_100"));
  // All but 2 % of what these bodies take in: the memory is not what limits them.
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(40), 3100);
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(132), 3100);
}

// What bodies at once show where SMs share ports, by a known contention and a flat memory.
TEST(DeviceMachine, TakesPortsAndWhatTheMemoryOffersThroughThem) {
  constexpr double kAlone = 70, kOffered = 3000;
  std::vector<Primitive> all = primitives();
  all.push_back({"bodies_bandwidth_1", kAlone, "GB/s", 0});
  const auto port_of = [](std::uint32_t sm) { return sm < 96 ? sm % 24 : 6 + (sm - 96) % 18; };
  for (std::uint32_t sm = 0; sm < 132; ++sm) {
    all.push_back({"sm_port_" + std::to_string(sm), static_cast<double>(port_of(sm)), "", 0});
  }
  for (const std::uint32_t n : {72U, 104U, 132U}) {
    CrowdedStreams streams{std::vector<std::uint32_t>(24, 0), kAlone};
    for (std::uint32_t sm = 0; sm < n; ++sm) ++streams.ports[port_of(sm)];
    const std::vector<double> rates = rates_by_crowd(streams, kOffered, 0.6);
    for (std::size_t k = 1; k < rates.size(); ++k) {
      if (rates[k] <= 0) continue;
      all.push_back({"bodies_rate_" + std::to_string(n) + "_crowd_" + std::to_string(k), rates[k],
                     "GB/s", 0});
    }
    all.push_back({"bodies_bandwidth_" + std::to_string(n), n * rates.back(), "GB/s", 0});
  }

  const Machine machine = device_machine(base(), device_facts(), all);

  for (std::uint32_t sm = 0; sm < 132; ++sm) EXPECT_EQ(machine.port_of(sm), port_of(sm)) << sm;
  EXPECT_NEAR(machine.port_contention.value, 0.6, 0.011);
  for (const double n : {72.0, 104.0, 132.0}) {
    EXPECT_NEAR(machine.bandwidth_at(n), kOffered, 0.005 * kOffered) << n;
  }
  EXPECT_TRUE(machine_from_json(machine_to_json(machine), "machine.json"));
}

TEST(DeviceMachine, TakesNoContentionFromPortsThatDoNotCoverAllSms) {
  std::vector<Primitive> all = primitives();
  all.push_back({"sm_port_0", 0, "", 0});
  const Machine machine = device_machine(base(), device_facts(), all);
  EXPECT_TRUE(machine.sm_port.empty());
  EXPECT_EQ(machine.port_contention.value, 0);
}

TEST(DeviceMachine, KeepsWhatWasNotMeasured) {
  const Machine nothing = device_machine(base(), device_facts(), {});
  EXPECT_TRUE(nothing.protocol == base().protocol);
  EXPECT_TRUE(nothing.memory.curve == base().memory.curve);
  EXPECT_TRUE(nothing.bodies == base().bodies);
}

TEST(DeviceMachine, NeverGoesBelowZeroWhereADifferenceDoes) {
  std::vector<Primitive> all = primitives();
  for (Primitive& p : all) {
    if (p.name == "event_push_1") p.value = 5;
  }
  const Machine machine = device_machine(base(), device_facts(), all);
  EXPECT_EQ(machine.protocol.dequeue.typical.value, 0.3);
  EXPECT_TRUE(machine_from_json(machine_to_json(machine), "machine.json").has_value());
}

TEST(BaseMachine, IsTheBuiltInOneOfThatProduct) {
  EXPECT_EQ(base_machine("NVIDIA H100 80GB HBM3"), "h100-sxm");
  EXPECT_EQ(base_machine("NVIDIA H200"), "h200");
  EXPECT_EQ(base_machine("NVIDIA H20"), "h20");
  EXPECT_EQ(base_machine("a device of the future"), "h100-sxm");
}

}  // namespace
}  // namespace mk::cuda
