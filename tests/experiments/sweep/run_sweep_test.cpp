// Sweeps: the same rows whatever the threads, nothing done twice, and what is stale done again.
#include "experiments/sweep/run_sweep.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "experiments/sweep/spec.h"
#include "tests/experiments/tiny_model.h"

namespace mk::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RunSweep : public CliFiles {
 protected:
  std::vector<SweepPoint> points(const char* text) {
    nlohmann::ordered_json axes = nlohmann::ordered_json::parse(text);
    axes["model"] = model();
    const Result<SweepSpec> spec = spec_from_json(axes);
    MK_CHECK(spec.has_value(), "the test's sweep is fine");
    Result<SweepPoints> product = expand(*spec, catalogue_);
    MK_CHECK(product.has_value(), "the test's points are fine");
    return std::move(product->points);
  }
  SweepOutcome run(const std::vector<SweepPoint>& points, SweepFile* file,
                   std::uint32_t threads = 2) {
    Result<SweepOutcome> outcome = run_sweep(points, catalogue_, file, {.threads = threads});
    MK_CHECK(outcome.has_value(), "the test's sweep runs");
    return std::move(*outcome);
  }

  Catalogue catalogue_{};
};

TEST_F(RunSweep, HasTheSameRowsWhateverTheNumberOfThreads) {
  const auto all = points(R"({"policy": ["aot", "hybrid", "pdl"], "workers": "4:40:4"})");

  const SweepOutcome one = run(all, nullptr, 1);

  EXPECT_EQ(one.simulated, all.size());
  EXPECT_EQ(run(all, nullptr, 4).rows, one.rows);
}

TEST_F(RunSweep, DoesOnlyWhatIsMissing) {
  SweepFile file = SweepFile::open(path("s.db")).value();
  run(points(R"({"workers": [8, 16]})"), &file);

  const SweepOutcome more = run(points(R"({"workers": [8, 12, 16]})"), &file);

  EXPECT_EQ(more.simulated, 1);
  EXPECT_EQ(more.rows, run(points(R"({"workers": [8, 12, 16]})"), nullptr).rows);
}

TEST_F(RunSweep, DoesAPointAgainWhoseModelChanged) {
  SweepFile file = SweepFile::open(path("s.db")).value();
  const auto all = points(R"({"workers": 8})");
  const SweepOutcome before = run(all, &file);
  std::string config(kTinyConfig);
  config.replace(config.find("\"num_hidden_layers\": 2"), 22, "\"num_hidden_layers\": 4");
  std::ofstream(path("config.json")) << config;
  catalogue_ = {};

  const SweepOutcome after = run(points(R"({"workers": 8})"), &file);

  EXPECT_EQ(after.simulated, 1);
  EXPECT_GT(after.rows[0].result.tasks_simulated, before.rows[0].result.tasks_simulated);
}

TEST_F(RunSweep, KeepsWhyAPointHasNoPrediction) {
  const auto all = points(R"({"set": ["none", "no_such.tasks=4"]})");

  const SweepOutcome outcome = run(all, nullptr);

  EXPECT_EQ(outcome.refused, 1);
  EXPECT_THAT(outcome.rows[0].result.refused, IsEmpty());
  EXPECT_THAT(outcome.rows[1].result.refused, HasSubstr("no_such"));
}

}  // namespace
}  // namespace mk::testing
