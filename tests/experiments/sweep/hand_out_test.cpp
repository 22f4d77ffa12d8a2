// Points are handed out once, and again while nobody has answered them.
#include "experiments/sweep/hand_out.h"

#include <gmock/gmock.h>

#include "experiments/sweep/result_text.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HandOut, GivesEachPointOnceWhileThereAreFreshOnes) {
  HandOut points({4, 2, 7}, 2);

  EXPECT_THAT(points.next(), ElementsAre(4, 2));
  EXPECT_THAT(points.next(), ElementsAre(7));
}

TEST(HandOut, GivesTheOldestUnansweredAgainSoThatALostRankLosesNoPoint) {
  HandOut points({0, 1, 2}, 1);
  points.next();  // a rank that will be lost
  points.next();
  points.next();
  ASSERT_TRUE(points.take(1) && points.take(2));

  EXPECT_THAT(points.next(), ElementsAre(0));
  EXPECT_FALSE(points.is_done());
  EXPECT_TRUE(points.take(0));
  EXPECT_TRUE(points.is_done());
  EXPECT_THAT(points.next(), IsEmpty());
}

TEST(HandOut, TakesOnlyTheFirstOfTwoAnswers) {
  HandOut points({5}, 1);
  points.next();
  points.next();

  EXPECT_TRUE(points.take(5));
  EXPECT_FALSE(points.take(5));
}

TEST(ResultText, ComesBackToTheLastBit) {
  const SweepResult result{.iteration_us = 1.0 / 3,
                           .hbm_fraction = 0.1,
                           .tasks_simulated = 13867,
                           .refused = "a reason\twith a tab"};

  EXPECT_EQ(result_from_text(result_to_text(result)).value(), result);
  EXPECT_FALSE(result_from_text("1\t2\t"));
}

}  // namespace
}  // namespace mk
