// The published points of the studies' recipes: each is predicted (or refused by name), lies within
// its own prediction interval, and gets a verdict with what decides. No figure is asked for here:
// where a prediction is off, the report says so.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "experiments/reproduce/calibrated_machines.h"
#include "experiments/reproduce/reproduce.h"

namespace mk {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Not;

Study study_named(const std::string& id, Catalogue& catalogue) {
  for (const Recipe& recipe : builtin_recipes()) {
    if (recipe.id != id) continue;
    Result<Study> study = study_from_json(recipe.text, id, catalogue);
    MK_CHECK(study.has_value(), "the recipes are sound: reproduce_test");
    return std::move(*study);
  }
  MK_CHECK(false, "there is such a study");
  return {};
}

TEST(PublishedPoints, HaveARecipeForEachThatTheIssueNames) {
  Catalogue catalogue;
  add_calibrated_machines(catalogue);
  std::size_t published = 0;
  for (const Recipe& recipe : builtin_recipes()) {
    const Study study = study_named(recipe.id, catalogue);
    for (const Claim& claim : study.claims) published += claim.published.has_value();
  }

  EXPECT_GE(published, 40U);
}

TEST(PublishedPoints, OfTheBlogAreJudgedWithAnIntervalAndWhatDecides) {
  Catalogue catalogue;
  const std::vector<Study> studies = {study_named("blog", catalogue)};

  const Result<Reproduction> all = reproduce(studies, catalogue, nullptr, {}, {});

  ASSERT_TRUE(all.has_value()) << all.error().message;
  for (const Finding& finding : all->studies[0].findings) {
    ASSERT_THAT(finding.not_run, IsEmpty()) << finding.id;
    const ValueRange interval = interval_of(finding.evidence);
    EXPECT_LT(interval.low, interval.high) << finding.id;
    EXPECT_LE(interval.low, finding.evidence.ours) << finding.id;
    EXPECT_GE(interval.high, finding.evidence.ours) << finding.id;
    ASSERT_TRUE(finding.verdict.has_value()) << finding.id;
    EXPECT_THAT(finding.verdict->why, Not(IsEmpty())) << finding.id;
  }
}

TEST(PublishedPoints, NoPredictionBeatsItsBytes) {
  Catalogue catalogue;
  std::vector<SweepPoint> points;
  for (const char* id : {"blog", "published", "sec66"}) {
    for (const Claim& claim : study_named(id, catalogue).claims) {
      for (const auto& side : claim.sides) points.insert(points.end(), side.begin(), side.end());
    }
  }
  const Result<SweepOutcome> outcome = run_sweep(points, catalogue, nullptr, {});

  ASSERT_TRUE(outcome.has_value());
  for (const SweepRow& row : outcome->rows) {
    if (!row.result.refused.empty()) continue;
    EXPECT_GE(row.result.makespan_us, row.result.lower_bound_us * 0.999)
        << row.point.model << " on " << row.point.machine << ", " << row.point.policy;
  }
}

}  // namespace
}  // namespace mk
