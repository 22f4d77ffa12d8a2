// Studies run: figures by hand, nothing done twice, and what cannot run says why.
#include "experiments/reproduce/reproduce.h"

#include <gmock/gmock.h>

#include "core/check.h"
#include "experiments/reproduce/calibrated_machines.h"
#include "tests/experiments/tiny_model.h"

namespace mk::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Reproduce : public CliFiles {
 protected:
  std::vector<Study> studies(const std::string& claims) {
    const std::string text = R"({"id": "s", "title": "t", "question": "q", "baseline": "b",
      "sweeps": [{"model": ")" +
                             model() + R"(", "policy": ["aot", "static"], "workers": 8}],
      "claims": [)" + claims +
                             "]}";
    Result<Study> study = study_from_json(text, "s.json", catalogue_);
    MK_CHECK(study.has_value(), "the test's recipe is fine");
    return {std::move(*study)};
  }
  std::string point(const std::string& rest) {
    return R"({"model": ")" + model() + R"(", "workers": 8, )" + rest + "}";
  }
  Reproduction run(const std::vector<Study>& studies, SweepFile* file = nullptr,
                   const Outside& outside = {}) {
    Result<Reproduction> all = reproduce(studies, catalogue_, file, outside, {.threads = 2});
    MK_CHECK(all.has_value(), "the test's studies run");
    return std::move(*all);
  }

  Catalogue catalogue_{};
};

TEST_F(Reproduce, ASpeedUpIsTheFirstTimeOverTheSecond) {
  const auto all =
      studies(R"({"name": "n", "what": "w", "unit": "x", "speedup": [)" +
              point(R"("policy": "aot")") + "," + point(R"("policy": "static")") + "]}");

  const Reproduction result = run(all);

  const auto& rows = result.studies[0].rows;
  ASSERT_THAT(rows, SizeIs(2));
  const Evidence& evidence = result.studies[0].findings[0].evidence;
  EXPECT_DOUBLE_EQ(evidence.ours, rows[0].result.iteration_us / rows[1].result.iteration_us);
  EXPECT_THAT(evidence.seeds, SizeIs(5));
  EXPECT_THAT(evidence.draws, SizeIs(16));
  EXPECT_THAT(evidence.switches, Not(IsEmpty()));
  EXPECT_THAT(evidence.constants, Not(IsEmpty()));
}

TEST_F(Reproduce, AShareIsWhatTheSecondSaves) {
  const auto all = studies(R"({"name": "n", "what": "w", "share": [)" + point(R"("seed": 1)") +
                           "," + point(R"("seed": 1)") + "]}");

  EXPECT_DOUBLE_EQ(run(all).studies[0].findings[0].evidence.ours, 0);
}

TEST_F(Reproduce, ASecondRunSimulatesNothing) {
  const auto all =
      studies(R"({"name": "n", "what": "w", "time_ms": )" + point(R"("seed": 1)") + "}");
  SweepFile file = SweepFile::open(path("points.db")).value();

  const Reproduction first = run(all, &file);
  const Reproduction second = run(all, &file);

  EXPECT_EQ(first.simulated, first.points);
  EXPECT_EQ(second.simulated, 0);
  EXPECT_EQ(second.studies[0].rows, first.studies[0].rows);
}

TEST_F(Reproduce, WhatNeedsAGpuIsNotRunUnlessItsFigureIsGiven) {
  const auto all =
      studies(R"({"name": "n", "what": "w", "published": [1, 2], "source": "p", "gpu": "run it"})");

  EXPECT_THAT(run(all).studies[0].findings[0].not_run, HasSubstr("run it"));
  const Reproduction measured = run(all, nullptr, {.measured = {{"s/n", 1.5}}});
  EXPECT_THAT(measured.studies[0].findings[0].not_run, IsEmpty());
  EXPECT_EQ(measured.studies[0].findings[0].evidence.ours, 1.5);
}

TEST_F(Reproduce, AClaimThatCannotBePredictedSaysWhyAndTheOthersStand) {
  const auto all =
      studies(R"({"name": "bad", "what": "w", "time_ms": )" + point(R"("set": "no_such.tasks=4")") +
              R"(}, {"name": "good", "what": "w", "time_ms": )" + point(R"("seed": 1)") + "}");

  const Reproduction result = run(all);

  EXPECT_THAT(result.studies[0].findings[0].not_run, HasSubstr("no_such"));
  EXPECT_TRUE(result.studies[0].findings[0].is_failure);
  EXPECT_GT(result.studies[0].findings[1].evidence.ours, 0);
}

TEST_F(Reproduce, ARefusalThatIsTheAnswerIsNoFailure) {
  const auto all = studies(R"({"name": "n", "what": "w", "refusal": "it deadlocks", "time_ms": )" +
                           point(R"("set": "no_such.tasks=4")") + "}");

  const auto findings = run(all).studies[0].findings;

  EXPECT_THAT(findings[0].not_run, HasSubstr("no_such"));
  EXPECT_FALSE(findings[0].is_failure);
}

TEST_F(Reproduce, AGpuClaimTakesItsFigureFromTheRunsThatTheProgramCarries) {
  const auto all = studies(R"({"name": "n", "what": "w", "gpu": "run it",
    "measured": ["blind-1/workers-32", "blind-1/seen"]})");

  const Finding finding = run(all).studies[0].findings[0];

  EXPECT_NEAR(finding.evidence.ours, 1.714, 0.001);
  EXPECT_THAT(finding.where, HasSubstr("H100"));
  EXPECT_EQ(finding.how, "run on GPU");
}

TEST_F(Reproduce, ASimulatedClaimCanBeHeldAgainstRuns) {
  const auto all = studies(R"({"name": "n", "what": "w", "measured": ["blind-1/seen"],
    "time_ms": )" + point(R"("seed": 1)") +
                           "}");

  const Claim& claim = all[0].claims[0];

  ASSERT_TRUE(claim.published.has_value());
  EXPECT_NEAR(claim.published->low, 1.345, 0.001);
  EXPECT_THAT(claim.source, HasSubstr("measured here"));
}

TEST_F(Reproduce, AHostClaimAsksForARunAndKeepsItsSpread) {
  const auto all =
      studies(R"({"name": "n", "what": "w", "unit": "x", "host": [)" + point(R"("policy": "aot")") +
              "," + point(R"("policy": "static")") + "]}");
  std::size_t asked = 0;
  const auto on_host = [&](const Claim& claim) -> Result<HostFigure> {
    ++asked;
    EXPECT_EQ(claim.sides[1].front().policy, "static");
    return HostFigure{1.25, {1.2, 1.4}, "2 cores"};
  };

  const Finding finding = run(all, nullptr, {.run_on_host = on_host}).studies[0].findings[0];

  EXPECT_EQ(asked, 1);
  EXPECT_EQ(finding.evidence.ours, 1.25);
  EXPECT_EQ(interval_of(finding.evidence).high, 1.4);
  EXPECT_EQ(finding.how, "run on host threads");
  EXPECT_THAT(run(all).studies[0].findings[0].not_run, HasSubstr("host"));
}

TEST_F(Reproduce, SaysWhichConstantsAFigureComesFrom) {
  add_calibrated_machines(catalogue_);
  const auto all = studies(R"({"name": "n", "what": "w", "time_ms": )" +
                           point(R"("machine": "h100-calibrated")") + "}");

  EXPECT_EQ(run(all).studies[0].findings[0].how, "simulated with calibrated constants");
}

TEST_F(Reproduce, ASpanTimesPartOfALayer) {
  const auto all = studies(R"({"name": "part", "what": "w", "time_ms": )" +
                           point(R"("span": "gate_up:down", "policy": "static")") +
                           R"(}, {"name": "whole", "what": "w", "time_ms": )" +
                           point(R"("policy": "static")") + "}");

  const auto findings = run(all).studies[0].findings;

  EXPECT_GT(findings[0].evidence.ours, 0);
  EXPECT_LT(findings[0].evidence.ours, findings[1].evidence.ours);
}

}  // namespace
}  // namespace mk::testing
