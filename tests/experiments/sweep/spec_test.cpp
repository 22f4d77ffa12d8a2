// What a sweep's text says and what it does not: the product, defaults, and every refusal by name.
#include "experiments/sweep/spec.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace mk {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

Result<SweepPoints> points_of(const char* text) {
  const Result<SweepSpec> spec = spec_from_json(Json::parse(text));
  if (!spec) return tl::unexpected(spec.error());
  Catalogue catalogue;
  return expand(*spec, catalogue);
}

std::string refusal_of(const char* text) {
  const Result<SweepPoints> points = points_of(text);
  return points ? "accepted" : points.error().message;
}

TEST(SweepSpec, IsTheProductOfItsAxesInKeyOrder) {
  const auto points = points_of(
      R"({"model": "qwen3-0.6b", "policy": ["aot"], "workers": "96:104:4", "seed": [2, 1]})");

  ASSERT_TRUE(points.has_value()) << points.error().message;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;
  for (const SweepPoint& point : points->points) seen.emplace_back(point.workers, point.seed);
  using P = std::pair<std::uint64_t, std::uint64_t>;
  EXPECT_THAT(seen, ElementsAre(P{96, 1}, P{96, 2}, P{100, 1}, P{100, 2}, P{104, 1}, P{104, 2}));
}

TEST(SweepSpec, TakesWhatIsNotSaidFromTheMachine) {
  const auto points = points_of(R"({"model": "qwen3-8b", "machine": "b200"})");

  ASSERT_TRUE(points.has_value()) << points.error().message;
  ASSERT_THAT(points->points, SizeIs(1));
  EXPECT_EQ(points->points[0].workers, 144);
  EXPECT_EQ(points->points[0].schedulers, 16);
  EXPECT_EQ(points->points[0].grid_workers, 144);
}

TEST(SweepSpec, HasOnePointForAKernelPolicyWhateverTheSplits) {
  const auto points = points_of(
      R"({"model": "qwen3-8b", "policy": "pdl", "workers": "96:132", "schedulers": [0, 8]})");

  ASSERT_TRUE(points.has_value()) << points.error().message;
  ASSERT_THAT(points->points, SizeIs(1));
  EXPECT_EQ(points->points[0].workers, 132);
}

TEST(SweepSpec, ListsKernelsForKernelPoliciesOnly) {
  const auto points = points_of(
      R"({"model": "qwen3-8b", "policy": ["aot", "graph"], "kernels": ["none",
          "gate_up+silu_mul\nattention*3:0.5 # three kernels"]})");

  ASSERT_TRUE(points.has_value()) << points.error().message;
  std::vector<std::string> kernels;
  for (const SweepPoint& point : points->points)
    kernels.push_back(point.policy + " " + point.kernels);
  EXPECT_THAT(kernels, ElementsAre("aot ", "graph ", "graph gate_up+silu_mul attention*3:0.5"));
  EXPECT_THAT(refusal_of(R"({"model": "qwen3-8b", "policy": "graph", "kernels": "down:2"})"),
              HasSubstr("kernel 'down:2'"));
}

TEST(SweepSpec, HasBothEnginesForMegakernelsOnly) {
  const auto points = points_of(
      R"({"model": "qwen3-8b", "policy": ["aot", "graph"], "engine": ["elided", "reference"]})");

  ASSERT_TRUE(points.has_value()) << points.error().message;
  std::vector<std::string> engines;
  for (const SweepPoint& point : points->points)
    engines.push_back(point.policy + " " + point.engine);
  EXPECT_THAT(engines, ElementsAre("aot elided", "aot reference", "graph elided"));
  EXPECT_THAT(refusal_of(R"({"model": "qwen3-8b", "engine": "fast"})"),
              HasSubstr("engine: 'fast'"));
}

TEST(SweepSpec, KnowsEveryFusion) {
  const auto points =
      points_of(R"({"model": "qwen3-8b", "fuse": ["none", "norm", "norm-linear", "norm-gated"]})");

  ASSERT_TRUE(points.has_value()) << points.error().message;
  EXPECT_THAT(points->points, SizeIs(4));
  EXPECT_THAT(refusal_of(R"({"model": "qwen3-8b", "fuse": "gated"})"), HasSubstr("fuse: 'gated'"));
}

TEST(SweepSpec, CountsTheSplitsThatDoNotFit) {
  const auto points =
      points_of(R"({"model": "qwen3-8b", "workers": [128, 132], "schedulers": 16})");

  ASSERT_TRUE(points.has_value()) << points.error().message;
  EXPECT_THAT(points->points, SizeIs(1));
  EXPECT_EQ(points->left_out, 1);
  EXPECT_THAT(points->why, HasSubstr("132"));
}

TEST(SweepSpec, NamesWhatItDoesNotKnow) {
  EXPECT_THAT(refusal_of(R"({"modle": "qwen3-8b"})"),
              AllOf(HasSubstr("modle"), HasSubstr("unknown key"), HasSubstr("batch_tokens")));
  EXPECT_THAT(refusal_of(R"({"model": "qwen3-8b", "policy": "fifo"})"),
              AllOf(HasSubstr("policy"), HasSubstr("fifo")));
  EXPECT_THAT(refusal_of(R"({"model": "qwen3-8b", "mechanism": "magic=off"})"), HasSubstr("magic"));
  EXPECT_THAT(refusal_of(R"({"model": "qwen3-8b", "what_if": "memory.latenzy=1"})"),
              HasSubstr("latenzy"));
  EXPECT_THAT(refusal_of(R"({"model": "no-such-model"})"), HasSubstr("no-such-model"));
}

TEST(SweepSpec, RefusesAnEmptyProductAndValuesOfAWrongType) {
  EXPECT_THAT(refusal_of(R"({"model": "qwen3-8b", "workers": []})"),
              AllOf(HasSubstr("workers"), HasSubstr("empty")));
  EXPECT_THAT(refusal_of(R"({"model": "qwen3-8b", "workers": 1.5})"), HasSubstr("workers"));
  EXPECT_THAT(refusal_of(R"({"model": "qwen3-8b", "workers": "9:8"})"), HasSubstr("9:8"));
  EXPECT_THAT(refusal_of(R"({"model": "qwen3-8b", "workers": 1000})"), HasSubstr("no point"));
}

TEST(SweepRange, HoldsBothEnds) {
  EXPECT_THAT(parse_range("workers", "4:12:4").value(), ElementsAre(4, 8, 12));
  EXPECT_THAT(parse_range("workers", "1,5:7").value(), ElementsAre(1, 5, 6, 7));
}

TEST(SweepRange, IsRefusedWhereItEndsBeforeItBeginsOrStandsStill) {
  for (const char* text : {"", "8:4", "1:2:0", "1:2:3:4", "a:b"})
    EXPECT_EQ(parse_range("workers", text).error().code, ErrorCode::kUsage) << text;
}

TEST(SweepSpec, JoinsTheAlternativesOfFactors) {
  EXPECT_THAT(cross_alternatives({"a=1", ""}, {"b=1", "b=2"}),
              ElementsAre("a=1+b=1", "a=1+b=2", "b=1", "b=2"));
}

}  // namespace
}  // namespace mk
