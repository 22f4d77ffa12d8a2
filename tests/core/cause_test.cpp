#include "core/cause.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::two_iteration_run;

// "cause start end" of each interval of the lane within iteration 0, relative to its start.
std::vector<std::string> first_iteration(const RunRecord& run, std::uint32_t lane) {
  std::vector<std::string> lines;
  for (const Interval& i : derive_intervals(run)) {
    if (i.lane() != lane || i.start >= run.iterations[0].end) continue;
    lines.push_back(fmt::format("{} {} {}", facts(i.cause()).name, i.start - 100, i.end - 100));
  }
  return lines;
}

// The record of task `id` in iteration 0.
TaskRecord& task(RunRecord& run, std::uint32_t id) { return run.tasks[id]; }

TEST(Causes, TellWhatALaneDidAtEachInstant) {
  EXPECT_THAT(first_iteration(two_iteration_run(), 0),
              ElementsAre("iteration_boundary 0 40", "wait_poll 40 60", "execute 60 300",
                          "notify 300 310", "wait_dependency 310 400", "wait_poll 400 450",
                          "execute 450 900", "notify 900 910", "wait_queue_empty 910 1000"));
}

TEST(Causes, NameTheTaskAndTheEventThatAreWaitedFor) {
  const std::vector<Interval> intervals = derive_intervals(two_iteration_run());

  EXPECT_EQ(intervals[3].cause(), Cause::kNotify);
  EXPECT_EQ(intervals[3].task, 0U);
  EXPECT_EQ(intervals[3].event, 1U);
  EXPECT_EQ(intervals[4].cause(), Cause::kWaitDependency);
  EXPECT_EQ(intervals[4].task, 2U);
  EXPECT_EQ(intervals[4].event, 1U);
}

TEST(Causes, CallTheTimeBetweenIterationsABoundary) {
  std::vector<std::string> lines;
  for (const Interval& i : derive_intervals(two_iteration_run())) {
    if (i.lane() != 0 || i.start < 1100 || i.start > 1260) continue;
    lines.push_back(
        fmt::format("{} {} {} in {}", facts(i.cause()).name, i.start, i.end, i.iteration));
  }

  EXPECT_THAT(lines,
              ElementsAre("iteration_boundary 1100 1200 in 1", "iteration_boundary 1200 1240 in 1",
                          "wait_poll 1240 1260 in 1", "execute 1260 1500 in 1"));
}

TEST(Causes, SplitABodyByStartUpAndBound) {
  RunRecord run = two_iteration_run();
  task(run, 0).first_data = 100 + 90;
  task(run, 0).bound = Bound::kMemory;
  task(run, 2).bound = Bound::kCompute;

  const auto lines = first_iteration(run, 0);

  EXPECT_EQ(lines[2], "execute_start_up 60 90");
  EXPECT_EQ(lines[3], "execute_memory 90 300");
  EXPECT_EQ(lines[7], "execute_compute 450 900");
}

TEST(Causes, BlameTheSchedulerForATaskThatIsReadyButNotEnqueued) {
  RunRecord run = two_iteration_run();
  task(run, 2).enqueued = 100 + 430;

  const auto lines = first_iteration(run, 0);

  EXPECT_EQ(lines[4], "wait_queue_empty 310 400");
  EXPECT_EQ(lines[5], "wait_scheduler 400 430");
  EXPECT_EQ(lines[6], "wait_poll 430 450");
}

TEST(Causes, BlameTheHeadOfTheQueueWhenALaterTaskWasReady) {
  RunRecord run = two_iteration_run();
  task(run, 1).lane = 0;  // runs after task 2, but waited only for begin
  task(run, 1).start = 1010;
  task(run, 1).end = 1050;
  task(run, 1).notified = 1055;
  run.activations.clear();
  task(run, 2).ready = 500;

  EXPECT_EQ(first_iteration(run, 0)[4], "wait_head_of_line 310 400");
}

TEST(Causes, BlameThePageThatWasNotFree) {
  RunRecord run = two_iteration_run();
  task(run, 2).page = 100 + 440;

  const auto lines = first_iteration(run, 0);

  EXPECT_EQ(lines[5], "wait_page 400 440");
  EXPECT_EQ(lines[6], "wait_poll 440 450");
}

TEST(Causes, DeriveReadinessFromTheLastNotification) {
  RunRecord run = two_iteration_run();
  run.activations.clear();
  for (TaskRecord& t : run.tasks) t.ready = kNotTaken;

  EXPECT_EQ(first_iteration(run, 0)[4], "wait_dependency 310 400");
}

TEST(Causes, AreUnknownWhereNobodySawTheEvent) {
  RunRecord run = two_iteration_run();
  run.activations.clear();
  for (TaskRecord& t : run.tasks) t.ready = t.notified = kNotTaken;

  EXPECT_THAT(first_iteration(run, 0),
              ElementsAre("iteration_boundary 0 40", "wait_poll 40 60", "execute 60 300",
                          "unknown 300 450", "execute 450 900", "wait_queue_empty 900 1000"));
}

TEST(Causes, OfAStaticListKnowNoQueue) {
  RunRecord run = two_iteration_run();
  run.policy.kind = PolicyKind::kStatic;
  for (TaskRecord& t : run.tasks) t.enqueued = kNotTaken;

  const auto lines = first_iteration(run, 0);

  EXPECT_EQ(lines[0], "wait_poll 0 60");
  EXPECT_EQ(lines[3], "wait_dependency 310 400");
}

TEST(Causes, OfAKernelPerOperatorAreLaunches) {
  RunRecord run = two_iteration_run();
  run.policy.kind = PolicyKind::kGraph;
  for (TaskRecord& t : run.tasks) t.enqueued = t.notified = kNotTaken;

  EXPECT_THAT(first_iteration(run, 0),
              ElementsAre("wait_launch 0 60", "execute 60 300", "wait_dependency 300 400",
                          "wait_launch 400 450", "execute 450 900", "wait_queue_empty 900 1000"));
}

TEST(Causes, CountASchedulersStepOnAWorkerAsNotify) {
  RunRecord run = two_iteration_run();
  run.spans.push_back({0, 0, 100 + 310, 100 + 330, 0U});

  const auto lines = first_iteration(run, 0);

  EXPECT_EQ(lines[3], "notify 300 310");
  EXPECT_EQ(lines[4], "notify 310 330");
  EXPECT_EQ(lines[5], "wait_dependency 330 400");
}

TEST(Causes, OfAnIdleWorkerAreAnEmptyQueueAndBoundaries) {
  RunRecord run = two_iteration_run();
  run.lanes.push_back({LaneKind::kWorker, 0, 2, {}, ""});

  EXPECT_THAT(first_iteration(run, 3), ElementsAre("wait_queue_empty 0 1000"));
}

TEST(Causes, AreNoneWithoutAnIteration) { EXPECT_THAT(derive_intervals(RunRecord{}), IsEmpty()); }

// Whatever the instants, the intervals of each worker tile the run.
TEST(Causes, SumToTheMakespanExactly) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    RunRecord run = two_iteration_run();
    for (TaskRecord& t : run.tasks) {
      for (Nanoseconds* at :
           {&t.enqueued, &t.ready, &t.page, &t.start, &t.first_data, &t.end, &t.notified}) {
        *at = static_cast<Nanoseconds>(random() % 2400);
        if (at != &t.start && at != &t.end && random() % 4 == 0) *at = kNotTaken;
      }
      if (t.end < t.start) std::swap(t.start, t.end);
      t.lane = random() % 2;
    }
    std::vector<Nanoseconds> cursor(2, 100);
    for (const Interval& i : derive_intervals(run)) {
      ASSERT_EQ(i.start, cursor[i.lane()]) << "round " << round;
      ASSERT_LT(i.start, i.end);
      cursor[i.lane()] = i.end;
    }
    ASSERT_THAT(cursor, ElementsAre(2200, 2200)) << "round " << round;
  }
}

TEST(Causes, HaveARowEachAtTheirIndexAndNamesThatReadBack) {
  for (std::size_t i = 0; i < kCauses.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kCauses[i].cause), i);
    EXPECT_EQ(cause_from_name(kCauses[i].name), kCauses[i].cause);
  }
  EXPECT_EQ(cause_from_name("boredom"), std::nullopt);
}

}  // namespace
}  // namespace mk
