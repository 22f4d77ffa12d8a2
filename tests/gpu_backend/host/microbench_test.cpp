#include "gpu_backend/host/microbench.h"

#include <gmock/gmock.h>

#include "gpu_backend/host/microbench_fit.h"
#include "gpu_backend/host/microbench_one_body.h"

namespace mk {
namespace {

using ::testing::HasSubstr;

// Made up: what two cores might measure.
std::vector<Primitive> primitives() {
  return {{"clock", 3.5, "GHz", 0.01},
          {"read_bandwidth_1", 20, "GB/s", 0.02},
          {"read_bandwidth_2", 36, "GB/s", 0.02},
          {"memory_latency", 0.1, "us", 0.05},
          {"cache_capacity", 16e6, "bytes", 0},
          {"cache_latency", 0.02, "us", 0.05},
          {"cache_bandwidth", 40, "GB/s", 0.02},
          {"add_own", 0.002, "us", 0.01},
          {"hand_off", 0.030, "us", 0.1},
          {"hand_off_by_add", 0.036, "us", 0.1},
          {"add_contended", 0.012, "us", 0.1},
          {"poll_turn", 0.025, "us", 0.01},
          {"queue_put", 0.001, "us", 0.01},
          {"queue_take", 0.001, "us", 0.01},
          {"event_put", 0.003, "us", 0.01},
          {"body_linear_gflops", 42, "Gflop/s", 0.02},
          {"body_linear_gflops_streaming", 35, "Gflop/s", 0.02},
          {"body_linear_rate", 46, "GB/s", 0.02},
          {"body_linear_fixed", 0.03, "us", 0.9},
          {"body_linear_per_activation", 0, "us", 0},
          {"body_attention_gflops", 28, "Gflop/s", 0.03},
          {"body_attention_fixed", 0.1, "us", 0.5},
          {"body_attention_per_activation", 0.09, "us", 0.5},
          {"body_silu_mul_fixed", 0.2, "us", 0.1},
          {"body_silu_mul_per_activation", 0.16, "us", 0.01},
          {"empty_task_static_1w0s", 0.007, "us", 0.01},
          {"boundary_static_1w0s", 0.02, "us", 5.0}};
}

TEST(HostMachine, IsAcceptedAsAMachineFile) {
  const Machine machine = host_machine(primitives(), 2);

  const Result<Machine> read = machine_from_json(machine_to_json(machine), "host.json");

  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, machine);
}

TEST(HostMachine, HasTheMeasuredBandwidthCurve) {
  const Machine machine = host_machine(primitives(), 2);
  EXPECT_EQ(machine.kind, MachineKind::kHost);
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(1), 20);
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(2), 36);
}

// What the operating system calls the cache may belong to others.
TEST(HostMachine, HasTheCacheThatWasMeasured) {
  EXPECT_DOUBLE_EQ(host_machine(primitives(), 2).memory.l2_capacity.value, 16e6);
}

TEST(HostMachine, NotifyAndObserveTogetherAreAHandOffByAdd) {
  const Machine machine = host_machine(primitives(), 2);
  EXPECT_NEAR(machine.protocol.notify.typical.value + machine.protocol.observe.typical.value, 0.036,
              1e-12);
}

TEST(HostMachine, HasTheBodiesThatWereMeasuredAlone) {
  const Machine machine = host_machine(primitives(), 2);

  const BodyNumbers& linear = machine.body(TaskKind::kLinear);
  EXPECT_DOUBLE_EQ(linear.flops_per_cycle.value, 10);  // 35 Gflop/s at 3.5 GHz
  EXPECT_EQ(linear.flops_per_cycle.source, "microbench body_linear_gflops_streaming / clock");
  EXPECT_DOUBLE_EQ(linear.fixed.value, 0.03);
  EXPECT_DOUBLE_EQ(machine.body(TaskKind::kAttention).flops_per_cycle.value, 8);
  const BodyNumbers& silu = machine.body(TaskKind::kSiluMul);
  EXPECT_DOUBLE_EQ(silu.fixed.value, 0.2);
  EXPECT_DOUBLE_EQ(silu.per_activation.value, 0.16);
  EXPECT_DOUBLE_EQ(silu.start_up.value, 0);
  EXPECT_TRUE(is_measured_alone(silu.per_activation));
}

// All the time of such a body is in those two numbers: its flops must add none.
TEST(HostMachine, GivesSmallBodiesNoArithmeticBesides) {
  const Machine machine = host_machine(primitives(), 2);
  EXPECT_GT(machine.body(TaskKind::kSiluMul).flops_per_cycle.value, 1e6);
}

TEST(HostMachine, AssumesTheBodiesThatWereNotMeasured) {
  const Machine machine = host_machine(primitives(), 2);
  EXPECT_EQ(machine.body(TaskKind::kTopkSoftmax), machine.default_body);
  EXPECT_EQ(machine.body(TaskKind::kExpertLinear).flops_per_cycle,  // a row of plain linears
            machine.body(TaskKind::kLinear).flops_per_cycle);
  EXPECT_FALSE(is_measured_alone(machine.default_body.per_activation));
}

// Where memory is faster than the arithmetic of one token.
TEST(HostMachine, StreamsNoFasterThanOneTokenIsMultiplied) {
  std::vector<Primitive> fast = primitives();
  for (Primitive& p : fast) {
    if (p.name == "body_linear_rate") p.value = 15;
  }
  EXPECT_DOUBLE_EQ(host_machine(fast, 2).body(TaskKind::kLinear).port_limit.value, 15);
  EXPECT_DOUBLE_EQ(host_machine(primitives(), 2).body(TaskKind::kLinear).port_limit.value, 20);
}

TEST(HostMachine, NamesASourceForEachNumber) {
  visit_numbers(host_machine(primitives(), 2), [](const NumberFacts& facts, const Number& number) {
    EXPECT_FALSE(number.source.empty()) << facts.path;
  });
}

TEST(HostMachine, OfABusyMachineIsAcceptedToo) {
  std::vector<Primitive> disturbed = primitives();
  for (Primitive& p : disturbed) p.spread = 3;
  const Machine machine = host_machine(disturbed, 2);
  const Result<Machine> read = machine_from_json(machine_to_json(machine), "host.json");
  EXPECT_TRUE(read.has_value()) << read.error().message;
}

TEST(HostMachine, OfOneCoreSaysWhatCouldNotBeMeasured) {
  std::vector<Primitive> alone = primitives();
  std::erase_if(alone, [](const Primitive& p) {
    return p.name == "read_bandwidth_2" || p.name == "hand_off" || p.name == "hand_off_by_add" ||
           p.name == "add_contended";
  });
  const Machine machine = host_machine(alone, 1);
  EXPECT_THAT(machine.protocol.observe.typical.source, HasSubstr("not measurable on one core"));
  EXPECT_TRUE(machine_from_json(machine_to_json(machine), "host.json").has_value());
}

TEST(Microbenchmark, MeasuresEveryPrimitiveOfThisHost) {
  MicrobenchOptions options;
  options.repetitions = 3;
  options.buffer_bytes = 8U << 20;
  std::vector<std::string> announced;
  options.on_primitive = [&](std::string_view name) { announced.emplace_back(name); };

  const Result<Microbenchmark> result = microbenchmark_host(options);

  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_FALSE(announced.empty());
  // Of a body either part of the time may be nothing.
  for (const Primitive& p : result->primitives) {
    if (p.name.starts_with("body_")) {
      EXPECT_GE(p.value, 0) << p.name;
    } else {
      EXPECT_GT(p.value, 0) << p.name;
    }
  }
  for (const TaskKind kind :
       {TaskKind::kLinear, TaskKind::kNormLinear, TaskKind::kSiluLinear, TaskKind::kAttention,
        TaskKind::kEmbedding, TaskKind::kRmsNorm, TaskKind::kSiluMul, TaskKind::kArgmaxPartial,
        TaskKind::kArgmaxReduce}) {
    EXPECT_TRUE(is_measured_alone(result->machine.body(kind).fixed)) << name_of(kind);
    EXPECT_TRUE(is_measured_alone(result->machine.body(kind).per_activation)) << name_of(kind);
  }
  const Result<Machine> machine = machine_from_json(machine_to_json(result->machine), "host.json");
  EXPECT_TRUE(machine.has_value()) << machine.error().message;
}

using microbench::Arithmetic;
using microbench::BodyPoint;
using microbench::BodyTimes;
using microbench::fit_body;

// Points of a body that takes exactly so long.
std::vector<BodyPoint> points_of(const BodyTimes& times) {
  std::vector<BodyPoint> points = {{12, 2e6, 0}, {8, 3e4, 0}, {33, 2e6, 0}, {32, 1.3e5, 0}};
  for (BodyPoint& p : points) p.us = times.of(p);
  return points;
}

TEST(FitBody, RecoversTheTimesThatMadeThePoints) {
  const BodyTimes times = fit_body(points_of({0.3, 0.2, 25e-6}), Arithmetic::kApart);
  EXPECT_NEAR(times.fixed, 0.3, 1e-3);
  EXPECT_NEAR(times.per_activation, 0.2, 1e-3);
  EXPECT_NEAR(times.per_flop, 25e-6, 1e-7);
}

TEST(FitBody, GivesNoNegativeTimes) {
  const BodyTimes times = fit_body(points_of({0.3, -0.005, 25e-6}), Arithmetic::kApart);
  EXPECT_EQ(times.per_activation, 0);
  EXPECT_GT(times.fixed, 0);
  EXPECT_NEAR(times.per_flop, 25e-6, 1e-6);
}

TEST(FitBody, CountsTheFlopsOfSmallBodiesAsActivations) {
  const std::vector<BodyPoint> points = {{6, 5000, 1.2}, {48, 40000, 8.2}};
  const BodyTimes times = fit_body(points, Arithmetic::kInActivations);
  EXPECT_NEAR(times.per_activation, 7.0 / 42, 1e-6);
  EXPECT_NEAR(times.fixed, 0.2, 1e-6);
  EXPECT_EQ(times.per_flop, 0);
}

TEST(OneBody, HasTheAmountsOfItsTaskClass) {
  const microbench::BodySize size{
      8, 8, [](ComputationGraphBuilder& b) {
        const TensorId x = b.embedding("rows", b.weight("t", {64, 256}));
        b.silu_mul("body", x);
      }};
  Result<microbench::OneBody> body = microbench::OneBody::make(TaskKind::kSiluMul, size);
  ASSERT_TRUE(body.has_value()) << body.error().message;

  const BodyPoint point = body->repeated();

  EXPECT_DOUBLE_EQ(point.kib, 3 * 128 * 8 * 2 / 1024.0);  // gate, up and what becomes of them
  EXPECT_DOUBLE_EQ(point.flops, 5 * 128 * 8);
  EXPECT_GT(point.us, 0);
}

}  // namespace
}  // namespace mk
