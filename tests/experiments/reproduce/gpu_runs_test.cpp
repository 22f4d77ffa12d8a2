// Runs on GPUs: what a line may say, and that the program's own are those of the blind test.
#include "experiments/reproduce/gpu_runs.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/source_dir.h"

namespace mk {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kFile = "2026-11-25-x";

TEST(GpuRuns, TakeLaunchesOrQuartiles) {
  const auto runs = read_gpu_runs(R"({"name": "a", "device": "H", "us": [1000, 1100]}
{"model": "m", "batch": 8, "how": "graph", "device": "H", "median_us": 500, "quartiles_us": [490, 520]}
)",
                                  kFile)
                        .value();

  ASSERT_EQ(runs.size(), 2);
  EXPECT_EQ(runs[0].median_us, 1050);
  EXPECT_EQ(runs[0].high_us, 1100);
  EXPECT_EQ(runs[1].name, "torch/m-batch8-graph");
  EXPECT_EQ(runs[1].date, "2026-11-25");
}

TEST(GpuRuns, NameTheLineThatIsNoRun) {
  const std::string good = R"({"name": "a", "device": "H", "us": [1]})";
  for (const std::string bad : {"{", R"({"device": "H", "us": [1]})", R"({"name": "a", "us": [1]})",
                                R"({"name": "a", "device": "H", "us": []})",
                                R"({"name": "a", "device": "H", "us": ["1"]})"}) {
    const auto runs = read_gpu_runs(good + "\n" + bad, kFile);
    ASSERT_FALSE(runs.has_value()) << bad;
    EXPECT_THAT(runs.error().message, HasSubstr("2026-11-25-x:2"));
  }
}

TEST(GpuRuns, ARatioSpansWhatItsRunsSpan) {
  const auto runs = read_gpu_runs(R"({"name": "a", "device": "H", "us": [2000, 2200]}
{"name": "b", "device": "H", "us": [1000, 1100]})",
                                  kFile)
                        .value();

  const GpuFigure ratio = figure_of(runs, {"a", "b"}).value();
  EXPECT_DOUBLE_EQ(ratio.value, 2);
  EXPECT_DOUBLE_EQ(ratio.low, 2000.0 / 1100);
  EXPECT_DOUBLE_EQ(ratio.high, 2.2);
  EXPECT_EQ(ratio.where, "H, 2026-11-25");
  EXPECT_DOUBLE_EQ(figure_of(runs, {"b"})->value, 1.05);
  EXPECT_THAT(figure_of(runs, {"a", "c"}).error().message, HasSubstr("'c'"));
}

TEST(GpuRuns, OfTheBlindTestAreItsMeasurements) {
  for (const std::string round : {"1", "2"}) {
    std::ifstream file(source_dir() + "/experiments/gpu_validation/blind/round-" + round +
                       "/measured.json");
    const auto measured = nlohmann::json::parse(file);
    for (const auto& [name, us] : measured[0].items()) {
      const auto figure = figure_of(builtin_gpu_runs(), {"blind-" + round + "/" + name});
      ASSERT_TRUE(figure.has_value()) << name;
      const double again = measured[1][name];
      EXPECT_DOUBLE_EQ(figure->value, (us.get<double>() + again) / 2000) << name;
    }
  }
}

}  // namespace
}  // namespace mk
