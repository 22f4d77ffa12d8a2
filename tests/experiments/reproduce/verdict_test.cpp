// The rule of verdicts, one case a line of its header.
#include "experiments/reproduce/verdict.h"

#include <gmock/gmock.h>

namespace mk {
namespace {

using ::testing::HasSubstr;

constexpr PublishedRange kPublished{1.0, 1.2};

TEST(Verdict, IsExplainedWhereASwitchWouldMoveItOut) {
  const Verdict verdict =
      judge(kPublished, {.ours = 1.1, .switches = {{"noise=off", 1.12}, {"hand_off=off", 1.5}}});

  EXPECT_EQ(verdict.kind, VerdictKind::kExplained);
  EXPECT_EQ(verdict.decider, "hand_off=off");
}

TEST(Verdict, IsInsensitiveWhereNothingMovesItOut) {
  const Verdict verdict = judge(
      kPublished, {.ours = 1.1, .switches = {{"noise=off", 1.12}}, .constants = {{"c=1", 1.0}}});

  EXPECT_EQ(verdict.kind, VerdictKind::kInsensitive);
  EXPECT_THAT(verdict.why, HasSubstr("c=1 -> 1, noise=off -> 1.12"));
}

TEST(Verdict, OfAMeasurementSaysWhereItLies) {
  EXPECT_EQ(judge_measured(kPublished, {.ours = 1.1}).kind, VerdictKind::kMeasured);
  EXPECT_THAT(judge_measured(kPublished, {.ours = 1.1}).why, HasSubstr("inside"));
  EXPECT_THAT(judge_measured(kPublished, {.ours = 0.5}).why, HasSubstr("50 % below"));
}

TEST(Verdict, WidensTheRangeByATenthAtBothEnds) {
  const std::vector<Variant> moves_out = {{"hand_off=off", 9}};
  const auto kind = [&](double ours) {
    return judge(kPublished, {.ours = ours, .switches = moves_out}).kind;
  };

  EXPECT_EQ(kind(0.901), VerdictKind::kExplained);
  EXPECT_EQ(kind(1.319), VerdictKind::kExplained);
  EXPECT_EQ(kind(0.899), VerdictKind::kUnexplained);
  EXPECT_EQ(kind(1.321), VerdictKind::kUnexplained);
}

TEST(Verdict, IsExplainedOutsideWhereOneSwitchIsHalfOfTheDifference) {
  const Verdict half = judge(kPublished, {.ours = 2.2, .switches = {{"preload=off", 1.7}}});
  const Verdict less = judge(kPublished, {.ours = 2.2, .switches = {{"preload=off", 1.71}}});

  EXPECT_EQ(half.kind, VerdictKind::kExplained);
  EXPECT_EQ(half.decider, "preload=off");
  EXPECT_EQ(less.kind, VerdictKind::kUnexplained);
}

TEST(Verdict, DoesNotTakeASwitchThatOvershootsForAnExplanation) {
  EXPECT_EQ(judge(kPublished, {.ours = 2.2, .switches = {{"preload=off", 0.2}}}).kind,
            VerdictKind::kUnexplained);
}

TEST(Verdict, DoesNotTakeAMoveAwayFromThePublishedForAnExplanation) {
  EXPECT_EQ(judge(kPublished, {.ours = 2.2, .switches = {{"preload=off", 3.2}}}).kind,
            VerdictKind::kUnexplained);
}

TEST(Verdict, IsInsensitiveOutsideWhereTheOpenConstantsCoverThePublished) {
  const Verdict verdict =
      judge(kPublished, {.ours = 2.0, .constants = {{"a=1", 1.9}, {"b=1", 1.6}}, .draws = {1.15}});

  EXPECT_EQ(verdict.kind, VerdictKind::kInsensitive);
  EXPECT_EQ(verdict.decider, "b=1");
}

TEST(Verdict, OfACountHasNoTolerance) {
  EXPECT_EQ(judge_count({293, 293}, 293).kind, VerdictKind::kExplained);
  EXPECT_EQ(judge_count({293, 293}, 294).kind, VerdictKind::kUnexplained);
}

TEST(RelativeError, IsMeasuredFromTheNearerEnd) {
  EXPECT_DOUBLE_EQ(relative_error(1.1, kPublished), 0);
  EXPECT_DOUBLE_EQ(relative_error(0.5, kPublished), -0.5);
  EXPECT_DOUBLE_EQ(relative_error(2.4, kPublished), 1);
}

}  // namespace
}  // namespace mk
