#include "profiler/analysis/slack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// tiny_run.h: in each iteration task 1 notifies last (400) and task 3 ends it (1000).
TEST(Slack, IsNothingOnTheChainThatEndsTheIteration) {
  const Trace trace = make_trace(testing::two_iteration_run());

  const Slack found = slack(TraceIndex(trace));

  // Lane 0: tasks 0, 2, 0, 2; lane 1: tasks 1, 3, 1, 3; then a span.
  EXPECT_THAT(found.of_slice, ElementsAre(90, 90, 90, 90, 0, 0, 0, 0, kNotTaken));
}

TEST(Slack, IsListedByOperator) {
  const Trace trace = make_trace(testing::two_iteration_run());

  const Slack found = slack(TraceIndex(trace));

  ASSERT_THAT(found.operators, SizeIs(2));
  EXPECT_EQ(found.operators[0].name, "qkv");
  EXPECT_EQ(found.operators[0].tasks, 4U);
  EXPECT_DOUBLE_EQ(found.operators[0].critical_share, 0.5);
  EXPECT_DOUBLE_EQ(found.operators[0].median_us, 0.045);
}

// The last task of lane 0 ends 90 before the iteration; its worker's task before it may be late by
// that much, and by what the last task waited for its event beyond.
TEST(Slack, GoesThroughTheWorkerWhereThatHeldTheNextTask) {
  RunRecord run = testing::two_iteration_run();
  run.tasks[0].end = run.tasks[0].notified = 100 + 430;  // task 0, after the event's other arrival
  run.tasks[2].start = 100 + 450;
  run.tasks[2].ready = run.tasks[3].ready = 100 + 430;
  run.activations[0].activated = 100 + 430;
  const Trace trace = make_trace(run);

  const Slack found = slack(TraceIndex(trace));

  EXPECT_EQ(found.of_slice[0], 0);   // now the last arrival
  EXPECT_EQ(found.of_slice[4], 30);  // task 1 came 30 before it
}

}  // namespace
}  // namespace mk
