#include "gpu_backend/host/microbench.h"

#include <gmock/gmock.h>

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
  for (const Primitive& p : result->primitives) EXPECT_GT(p.value, 0) << p.name;
  const Result<Machine> machine = machine_from_json(machine_to_json(result->machine), "host.json");
  EXPECT_TRUE(machine.has_value()) << machine.error().message;
}

}  // namespace
}  // namespace mk
