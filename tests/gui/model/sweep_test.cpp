// Sweep files that were really swept: what a cell opens is what its row measured.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/check.h"
#include "experiments/sweep/run_sweep.h"
#include "experiments/sweep/spec.h"
#include "gui/model/prediction.h"
#include "gui/model/sweep_map.h"
#include "simulator/point.h"
#include "tests/gui/sweep_sample.h"
#include "tests/traces/temporary_folder.h"

namespace mk::gui {
namespace {

// The median, from the instants that the trace has (ns).
double iteration_us(const Trace& trace) {
  std::vector<double> lengths;
  for (const IterationRecord& iteration : trace.iterations)
    lengths.push_back(static_cast<double>(iteration.end - iteration.start) / 1e3);
  std::sort(lengths.begin(), lengths.end());
  return (lengths[lengths.size() / 2] + lengths[(lengths.size() - 1) / 2]) / 2;
}

class SweptFile : public ::testing::Test {
 protected:
  void sweep(const char* axes) {
    const Result<SweepSpec> spec = spec_from_json(nlohmann::ordered_json::parse(axes));
    MK_CHECK(spec.has_value(), "the test's sweep is fine");
    Catalogue catalogue;
    const Result<SweepPoints> points = expand(*spec, catalogue);
    MK_CHECK(points.has_value(), "the test's points are fine");
    Result<SweepFile> file = SweepFile::open(path_);
    MK_CHECK(file && run_sweep(points->points, catalogue, &*file, {}), "the sweep runs");
  }
  SweepMap read(const SweepChoice& choice) const {
    Result<SweepMap> map = read_sweep_map(path_, choice);
    MK_CHECK(map.has_value(), "the sweep can be read");
    return std::move(*map);
  }
  static void expect_cells_open_as_they_were_swept(const SweepMap& map) {
    for (const SweepCell& cell : map.cells) {
      const std::string what = what_differs(cell.point, first_point());
      const auto prediction = predict(cell.point);
      ASSERT_TRUE(prediction.has_value()) << what << ": " << prediction.error().message;
      EXPECT_NEAR(prediction->iteration_us, cell.iteration_us, 1e-9 * cell.iteration_us) << what;
      EXPECT_NEAR(iteration_us(*prediction->trace), cell.iteration_us, 1.1e-3) << what;
    }
  }

  testing::TemporaryFolder folder_{};
  std::string path_ = folder_ / "sweep.db";
};

TEST_F(SweptFile, ACellOpensAsItsRowUnderEveryPolicyAndPartition) {
  sweep(R"({"model": "smollm2-135m", "policy": ["hybrid", "aot", "static", "stream"],
            "partition": ["mpk", "balanced"], "workers": 16, "schedulers": 4, "context": 900,
            "iterations": 3, "seed": 7})");
  const SweepMap map = read({.across = "policy", .upwards = "partition"});
  ASSERT_EQ(map.cells.size(), 8U);
  expect_cells_open_as_they_were_swept(map);
}

TEST_F(SweptFile, ACellOpensAsItsRowWhateverElseThePointSays) {
  sweep(R"({"model": "smollm2-135m", "workers": [16, 24], "grid_workers": 20, "schedulers": 4,
            "batch_tokens": 2, "requests": 2, "prompt_tokens": 5, "generate": 3,
            "set": "attention.parts=2", "mechanism": ["none", "preload=off"],
            "inject": "notify_delay_us=1", "what_if": "memory.latency=0.9", "events": "operator",
            "fuse": "norm-linear"})");
  const SweepMap map = read({.across = "workers", .upwards = "mechanism"});
  ASSERT_EQ(map.cells.size(), 4U);
  expect_cells_open_as_they_were_swept(map);
}

TEST(SweepMap, ShowsAnyTwoAxesAndTheBestOfTheOthers) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "sweep.db";
  testing::write_sweep_sample(path);

  const auto map = read_sweep_map(path, {.across = "policy", .upwards = "workers"});

  ASSERT_TRUE(map.has_value()) << map.error().message;
  EXPECT_EQ(map->columns, (std::vector<std::string>{"hybrid", "jit"}));
  EXPECT_EQ(map->rows, (std::vector<std::string>{"96", "128"}));  // as numbers, not as texts
  EXPECT_DOUBLE_EQ(map->at("hybrid", "128")->iteration_us, 100);
  EXPECT_EQ(map->at("hybrid", "128")->point.schedulers, 16U);
  EXPECT_DOUBLE_EQ(map->at("jit", "128")->iteration_us, 90);
  EXPECT_EQ(map->at("jit", "96"), nullptr);
  EXPECT_EQ(map->refused, 1U);
}

TEST(SweepMap, CountsOnlyPointsWithTheChosenValues) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "sweep.db";
  testing::write_sweep_sample(path);

  const auto map = read_sweep_map(
      path, {.across = "policy", .upwards = "workers", .values = {{"schedulers", "0"}}});

  ASSERT_TRUE(map.has_value()) << map.error().message;
  EXPECT_EQ(map->columns, (std::vector<std::string>{"hybrid"}));
  EXPECT_DOUBLE_EQ(map->at("hybrid", "128")->iteration_us, 120);
  EXPECT_EQ(map->refused, 0U);
}

TEST_F(SweptFile, WithOneSplitItShowsTheAxesThatVary) {
  sweep(R"({"model": "smollm2-135m", "policy": ["aot", "hybrid"], "context": [64, 128],
            "workers": 16, "schedulers": 4, "iterations": 1})");
  const auto sweep = read_sweep_file(path_);
  ASSERT_TRUE(sweep.has_value()) << sweep.error().message;
  EXPECT_EQ(sweep->choice.across, "policy");
  EXPECT_EQ(sweep->choice.upwards, "context");
  EXPECT_EQ(sweep->map.cells.size(), 4U);
}

TEST_F(SweptFile, GridsAreAnAxisOnlyWhereTheyAreNotForTheSplitsOwnWorkers) {
  const auto names = [&] {
    std::vector<std::string> open;
    const auto sweep = read_sweep_file(path_);
    for (const OpenAxis& axis : sweep->axes) open.push_back(axis.name);
    return open;
  };
  sweep(R"({"model": "smollm2-135m", "workers": [8, 16], "schedulers": 4, "iterations": 1})");
  EXPECT_EQ(names(), (std::vector<std::string>{"workers"}));
  sweep(R"({"model": "smollm2-135m", "workers": 8, "grid_workers": 16, "schedulers": 4,
            "iterations": 1})");
  EXPECT_EQ(names(), (std::vector<std::string>{"workers", "grid_workers"}));
}

// A file that another program wrote: its names are said, and nothing is guessed.
TEST(Prediction, OfAPointWithAnUnknownNameIsRefused) {
  SweepPoint point = first_point();
  point.partition = "by-hand";
  const auto prediction = predict(point);
  ASSERT_FALSE(prediction.has_value());
  EXPECT_NE(prediction.error().message.find("by-hand"), std::string::npos);
}

}  // namespace
}  // namespace mk::gui
