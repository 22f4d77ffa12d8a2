#include "core/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace mk {
namespace {

using testing::HasSubstr;

Machine h100() { return load_machine("h100-sxm").value(); }

// The text with the first `from` replaced.
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& json) {
  const Result<Machine> machine = machine_from_json(json, "m.json");
  return machine ? "accepted" : machine.error().message;
}

TEST(Machine, BuiltInOnesAreTheEightOfTheProject) {
  EXPECT_THAT(builtin_machines(), testing::ElementsAre("a100-40", "a100-80", "h100-sxm", "h200",
                                                       "b200", "h20", "l4", "rtx-4090"));
}

TEST(Machine, BuiltInOnesLoadAndGiveEachNumberASource) {
  for (const std::string& name : builtin_machines()) {
    const Result<Machine> machine = load_machine(name);
    ASSERT_TRUE(machine) << machine.error().message;
    EXPECT_EQ(machine->name, name);
    visit_numbers(*machine, [&](const NumberFacts& facts, const Number& number) {
      EXPECT_FALSE(number.source.empty()) << name << " " << facts.path;
    });
  }
}

TEST(Machine, JsonReadsBackEqualAndWritesTheSameBytes) {
  for (const std::string& name : builtin_machines()) {
    const Machine machine = load_machine(name).value();
    const std::string text = machine_to_json(machine);
    EXPECT_EQ(machine_from_json(text, name).value(), machine);
    EXPECT_EQ(machine_to_json(machine_from_json(text, name).value()), text);
  }
}

TEST(Machine, JsonHasTheBytesThatALibraryGivesIt) {
  for (const std::string& name : builtin_machines()) {
    Machine machine = load_machine(name).value();
    machine.title = "a \"title\"\twith a \\";
    machine.clock.low = 1e-7;
    machine.clock.high = 1e16;
    machine.sms.low = 0;
    machine.sms.source = "caf\u00e9\n";
    machine.sm_port.resize(3);
    const std::string text = machine_to_json(machine);
    EXPECT_EQ(nlohmann::ordered_json::parse(text).dump(2) + "\n", text);
  }
}

TEST(Machine, PathsAreUnique) {
  std::set<std::string> paths;
  std::size_t count = 0;
  const Machine machine = h100();
  visit_numbers(machine, [&](const NumberFacts& facts, const Number&) {
    paths.insert(facts.path);
    ++count;
  });
  EXPECT_EQ(paths.size(), count);
}

TEST(Machine, FillsABodyThatTheFileLacksFromTheDefault) {
  const Machine machine = h100();
  EXPECT_EQ(machine.body(TaskKind::kExpertLinear), machine.default_body);
  EXPECT_NE(machine.body(TaskKind::kAttention).fixed, machine.default_body.fixed);
  EXPECT_EQ(machine.body(TaskKind::kAttention).port_limit, machine.default_body.port_limit);
}

TEST(Machine, MayNotKnowWhatAnAllReduceCosts) {
  Machine machine = h100();
  machine.link.all_reduce = LinkNumbers{}.all_reduce;
  const std::string text = machine_to_json(machine);
  EXPECT_EQ(text.find("all_reduce"), std::string::npos);
  EXPECT_EQ(machine_from_json(text, "m.json").value(), machine);
}

TEST(Machine, RefusesWhatIsNoMachineWithItsPath) {
  const std::string text = machine_to_json(h100());
  EXPECT_THAT(error_of("{"), HasSubstr("m.json: is no JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(error_of(replaced(text, "\"format\": 1", "\"format\": 2")),
              HasSubstr("format: is 2, this program reads 1 .. 1"));
  EXPECT_THAT(error_of(replaced(text, "\"kind\": \"gpu\"", "\"kind\": \"tpu\"")),
              HasSubstr("kind: is 'tpu'"));
}

TEST(Machine, RefusesAMissingNumberAnUnknownOneAndOneWithoutSource) {
  const std::string text = machine_to_json(h100());
  EXPECT_THAT(error_of(replaced(text, "\"contention\"", "\"contentoin\"")),
              HasSubstr("m.json: protocol.contention: missing"));
  EXPECT_THAT(error_of(replaced(text, "\"contention\"", "\"extra\": 3, \"contention\"")),
              HasSubstr("protocol.extra: unknown"));
  EXPECT_THAT(error_of(replaced(text, "\"source\": \"datasheet\"", "\"source\": \"\"")),
              HasSubstr("sms: no source"));
}

TEST(Machine, RefusesNegativeNonNumericAndContradictoryNumbers) {
  const std::string text = machine_to_json(h100());
  EXPECT_THAT(error_of(replaced(text, "\"value\": 132.0", "\"value\": -132.0")),
              HasSubstr("sms: -132 is too small"));
  EXPECT_THAT(error_of(replaced(text, "\"value\": 132.0", "\"value\": \"many\"")),
              HasSubstr("sms.value: is no number"));
  EXPECT_THAT(error_of(replaced(text, "\"low\": 1.4", "\"low\": 1.8")),
              HasSubstr("clock: value 1.755 is not within low 1.8"));
  EXPECT_THAT(error_of(replaced(text, "\"value\": 132.0", "\"value\": 130.0")),
              HasSubstr("128 workers + 4 SMs for 16 schedulers = 132, but it has 130 SMs"));
}

TEST(Machine, NamesTheBuiltInOnesWhereNothingIsFound) {
  const Result<Machine> machine = load_machine("h1000");
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(machine.error().message, HasSubstr("a100-40, a100-80, h100-sxm"));
}

TEST(Machine, BandwidthIsLinearBetweenPointsAndFlatAfterTheLast) {
  Machine machine = h100();
  ASSERT_EQ(machine.memory.curve[0].active.value, 64);
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(32), 3089.0 / 2);
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(64), 3089);
  EXPECT_DOUBLE_EQ(machine.bandwidth_at(1000), 3089);
}

TEST(Machine, FewBytesInFlightLimitTheBandwidthByLatency) {
  const Machine machine = h100();
  const double by_latency = 132 * 1024 * 1e-3 / 0.55;  // 246 GB/s, far below the knee
  EXPECT_NEAR(machine.bandwidth_at(132, 1024), by_latency, 0.002 * by_latency);
  EXPECT_LT(machine.bandwidth_at(132, 1024), by_latency);
}

TEST(Machine, TheKneeIsSmoothAndNeverAboveEitherSide) {
  EXPECT_NEAR(smooth_minimum(100, 100), 100 / 1.05, 1e-9);
  EXPECT_NEAR(smooth_minimum(200, 100), 99.75, 0.01);
  for (double demanded = 1; demanded < 1000; demanded *= 1.3) {
    EXPECT_LE(smooth_minimum(demanded, 100), std::min(demanded, 100.0));
  }
}

TEST(Machine, RefusesAnImpossibleSplitWithTheNumbers) {
  const Machine machine = h100();
  EXPECT_TRUE(check_split(machine, 128, 16));
  EXPECT_THAT(check_split(machine, 129, 16).error().message,
              HasSubstr("129 workers + 4 SMs for 16 schedulers = 133, but it has 132 SMs"));
  EXPECT_THAT(check_split(machine, 0, 16).error().message, HasSubstr("0 workers"));
  EXPECT_TRUE(check_split(machine, 132, 0));
}

TEST(Machine, KnowsThePortOfEachSm) {
  Machine machine = h100();
  EXPECT_EQ(machine.port_of(131), 0u);     // not known
  machine.gpc_sms = {18, 18, 18, "test"};  // 8 GPCs, filled in turn
  EXPECT_EQ(machine.port_of(7), 7u);
  EXPECT_EQ(machine.port_of(8), 0u);
  machine.sm_port.resize(132);
  for (Number& gpc : machine.sm_port) gpc = {3, 3, 3, "test"};
  EXPECT_EQ(machine.port_of(7), 3u);
  EXPECT_EQ(machine_from_json(machine_to_json(machine), "again").value(), machine);
}

TEST(Machine, RefusesPortsThatNobodyHasOrThatAreNoNumbers) {
  Machine machine = h100();
  EXPECT_THAT(set_number(machine, "gpc_bandwidth", 400).error().message,
              HasSubstr("neither gpc_sms nor sm_port"));
  EXPECT_THAT(set_number(machine, "port_contention", 0.5).error().message,
              HasSubstr("port_contention: 0.5, but neither gpc_sms nor sm_port"));
  machine.sm_port.resize(131);
  for (Number& gpc : machine.sm_port) gpc = {1, 1, 1, "test"};
  EXPECT_THAT(error_of(machine_to_json(machine)), HasSubstr("sm_port: 131 numbers for 132 SMs"));
  machine.sm_port.push_back({1.5, 1.5, 1.5, "test"});
  EXPECT_THAT(error_of(machine_to_json(machine)),
              HasSubstr("sm_port.131: 1.5 is no port's number"));
}

TEST(Machine, SetsOneNumberByItsPath) {
  Machine machine = h100();
  ASSERT_TRUE(set_number(machine, "memory.curve.1.bandwidth", 4000));
  EXPECT_EQ(machine.memory.curve[1].bandwidth.value, 4000);
  EXPECT_EQ(machine.memory.curve[1].bandwidth.high, 4000);
}

TEST(Machine, NamesNearPathsForAnUnknownOneAndKeepsTheMachine) {
  Machine machine = h100();
  const Status unknown = set_number(machine, "protocol.notify.tipical", 1);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(unknown.error().message, HasSubstr("protocol.notify.typical"));
  EXPECT_THAT(set_number(machine, "clock", -1).error().message, HasSubstr("clock: -1"));
  EXPECT_EQ(machine, h100());
}

}  // namespace
}  // namespace mk
