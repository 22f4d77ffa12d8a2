// "Which split and policy", on rows made by hand.
#include "experiments/sweep/best.h"

#include <gmock/gmock.h>

namespace mk {
namespace {

using ::testing::SizeIs;

SweepRow row(const char* policy, std::uint64_t workers, std::uint64_t seed, double iteration_us) {
  SweepRow made;
  made.point.model = "m";
  made.point.policy = policy;
  made.point.workers = workers;
  made.point.seed = seed;
  made.result.iteration_us = iteration_us;
  return made;
}

TEST(BestChoices, ComeWithTheirRegretOverTheSeeds) {
  // Seed by seed the fastest is 10, then 11.
  const auto best =
      best_choices({row("aot", 96, 1, 10), row("aot", 96, 2, 12), row("static", 96, 1, 12),
                    row("static", 96, 2, 11), row("aot", 100, 1, 20), row("aot", 100, 2, 20)});

  ASSERT_THAT(best, SizeIs(2));
  EXPECT_EQ(best[0].point.policy, "aot");
  EXPECT_EQ(best[0].point.workers, 96);
  EXPECT_DOUBLE_EQ(best[0].iteration_us, 11);
  EXPECT_DOUBLE_EQ(best[0].regret_us, 0.5);
  EXPECT_DOUBLE_EQ(best[0].regret_low_us, 0);
  EXPECT_DOUBLE_EQ(best[0].regret_high_us, 1);
  EXPECT_DOUBLE_EQ(best[1].regret_us, 1);
}

TEST(BestChoices, JudgeEachScenarioByItself) {
  SweepRow other = row("static", 96, 1, 1);
  other.point.context = 4096;

  const auto best = best_choices({row("aot", 96, 1, 10), other});

  ASSERT_THAT(best, SizeIs(2));
  EXPECT_DOUBLE_EQ(best[0].regret_us, 0);
  EXPECT_DOUBLE_EQ(best[1].regret_us, 0);
}

TEST(BestChoices, PassOverWhatHasNoPredictionOrNotAllSeeds) {
  SweepRow refused = row("jit", 96, 1, 0);
  refused.result.refused = "does not fit";

  const auto best = best_choices(
      {row("aot", 96, 1, 10), row("aot", 96, 2, 10), row("static", 96, 1, 1), refused});

  ASSERT_THAT(best, SizeIs(1));
  EXPECT_EQ(best[0].point.policy, "aot");
}

}  // namespace
}  // namespace mk
