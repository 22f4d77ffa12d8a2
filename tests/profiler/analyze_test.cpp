#include "profiler/analysis/analyze.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::IsEmpty;
using testing::two_iteration_run;

TEST(Analyze, SumsCausesToMakespanTimesWorkers) {
  const Analysis analysis = analyze(make_trace(two_iteration_run()));

  Nanoseconds sum = 0;
  double share = 0;
  for (const CauseTime& cause : analysis.causes) {
    sum += cause.time;
    share += cause.share;
  }
  EXPECT_EQ(analysis.makespan, 2100);
  EXPECT_EQ(sum, 2 * 2100);
  EXPECT_NEAR(share, 1, 1e-12);
}

TEST(Analyze, CountsTheTimeInBodies) {
  const Analysis analysis = analyze(make_trace(two_iteration_run()));

  ASSERT_EQ(analysis.lanes.size(), 2U);
  EXPECT_EQ(analysis.lanes[0].busy, 2 * (240 + 450));
  EXPECT_EQ(analysis.lanes[1].busy, 2 * (320 + 520));
  EXPECT_EQ(analysis.lanes[0].tasks, 4U);
  EXPECT_DOUBLE_EQ(analysis.busy_fraction, (1380.0 + 1680.0) / 4200.0);
}

// Lane 0 from the end of task 2 in iteration 0 (1000) to the start of task 0 in iteration 1 (1260).
TEST(Analyze, FindsTheLongestBubbleAndItsMainCause) {
  const Analysis analysis = analyze(make_trace(two_iteration_run()), {.bubbles = 2});

  ASSERT_EQ(analysis.bubbles.size(), 2U);
  EXPECT_EQ(analysis.bubbles[0].lane, 0U);
  EXPECT_EQ(analysis.bubbles[0].start, 1000);
  EXPECT_EQ(analysis.bubbles[0].end, 1260);
  EXPECT_EQ(analysis.bubbles[0].cause, Cause::kIterationBoundary);
  EXPECT_EQ(analysis.bubbles[0].task, 0U);
  EXPECT_EQ(analysis.bubbles[0].iteration, 1U);
  EXPECT_EQ(analysis.lanes[0].longest_wait, 260);
}

TEST(Analyze, OfATraceWithoutIterationsIsEmpty) {
  const Analysis analysis = analyze(make_trace(RunRecord{}));

  EXPECT_EQ(analysis.makespan, 0);
  EXPECT_THAT(analysis.causes, IsEmpty());
  EXPECT_THAT(analysis.bubbles, IsEmpty());
}

}  // namespace
}  // namespace mk
