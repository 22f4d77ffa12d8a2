#include "profiler/analysis/task_deltas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "profiler/analysis/compare.h"
#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::two_iteration_run;

std::vector<TaskDelta> deltas(const RunRecord& predicted, const RunRecord& measured,
                              std::uint32_t count = 10) {
  const Trace p = make_trace(predicted);
  const Trace m = make_trace(measured);
  return largest_task_deltas(TraceIndex(p), TraceIndex(m), 1, 2, count);
}

// Iteration 1 of the tiny run has its tasks at run.tasks[4..7].
TaskRecord& task(RunRecord& run, std::uint32_t id) { return run.tasks[4 + id]; }

void move(RunRecord& run, std::uint32_t id, Nanoseconds by) {
  for (Nanoseconds* instant : {&task(run, id).start, &task(run, id).end, &task(run, id).notified}) {
    *instant += by;
  }
}

TEST(TaskDeltas, AreNoneInARunBesideItself) {
  EXPECT_THAT(deltas(two_iteration_run(), two_iteration_run()), IsEmpty());
}

// qkv task 1 took 100 ns longer, so its event came 100 ns later and both down tasks began later:
// only task 1 is to blame.
TEST(TaskDeltas, NameTheTaskAtFaultAndNotThoseBehindIt) {
  RunRecord measured = two_iteration_run();
  task(measured, 1).end += 100;
  task(measured, 1).notified += 100;
  for (const std::uint32_t id : {2U, 3U}) {
    move(measured, id, 100);
    task(measured, id).ready += 100;
  }
  for (ActivationRecord& a : measured.activations) {
    if (a.iteration == 1) a.activated += 100;
  }
  measured.iterations[1].end += 100;

  const std::vector<TaskDelta> list = deltas(two_iteration_run(), measured);

  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].task, 1U);
  EXPECT_EQ(list[0].name, "L0.qkv[1]");
  EXPECT_EQ(list[0].iteration, 1U);
  EXPECT_NEAR(list[0].delta_us(), -0.1, 1e-9);
  EXPECT_NEAR(list[0].predicted.duration_us, 0.32, 1e-9);
  EXPECT_NEAR(list[0].measured.duration_us, 0.42, 1e-9);
  EXPECT_NEAR(list[0].measured.start_us, 0.07, 1e-9);
  EXPECT_TRUE(facts(list[0].cause).is_executing);
  EXPECT_NEAR(list[0].cause_delta_us, -0.1, 1e-9);
}

// Task 2 is ready at 400 and enqueued before: what its worker lets pass after that is polling.
TEST(TaskDeltas, BlameTheWaitOfATaskThatItsWorkerTookUpLate) {
  RunRecord measured = two_iteration_run();
  move(measured, 2, 30);

  const std::vector<TaskDelta> list = deltas(two_iteration_run(), measured);

  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].task, 2U);
  EXPECT_EQ(list[0].cause, Cause::kWaitPoll);
  EXPECT_NEAR(list[0].delta_us(), -0.03, 1e-9);
  EXPECT_NEAR(list[0].predicted.own_us, 0.51, 1e-9);  // 400 .. 910
}

TEST(TaskDeltas, BlameTheSchedulerForATaskEnqueuedLate) {
  RunRecord measured = two_iteration_run();
  move(measured, 3, 60);
  task(measured, 3).enqueued = task(measured, 3).start - 10;

  const std::vector<TaskDelta> list = deltas(two_iteration_run(), measured);

  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].cause, Cause::kWaitScheduler);
}

TEST(TaskDeltas, BlameASlowArrival) {
  RunRecord predicted = two_iteration_run();
  task(predicted, 3).notified += 15;

  const std::vector<TaskDelta> list = deltas(predicted, two_iteration_run());

  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].cause, Cause::kNotify);
  EXPECT_NEAR(list[0].cause_delta_us, 0.015, 1e-9);
}

TEST(TaskDeltas, CountNoPartThatARunDidNotTake) {
  RunRecord measured = two_iteration_run();
  task(measured, 3).notified = kNotTaken;

  const std::vector<TaskDelta> list = deltas(two_iteration_run(), measured);

  ASSERT_THAT(list, SizeIs(1));
  EXPECT_NEAR(list[0].delta_us(), 0.02, 1e-9);
}

TEST(TaskDeltas, KeepTheLargestFirst) {
  RunRecord measured = two_iteration_run();
  move(measured, 2, 30);
  move(measured, 3, 70);

  EXPECT_EQ(deltas(two_iteration_run(), measured).size(), 2U);
  const std::vector<TaskDelta> one = deltas(two_iteration_run(), measured, 1);
  ASSERT_THAT(one, SizeIs(1));
  EXPECT_EQ(one[0].task, 3U);
  EXPECT_THAT(deltas(two_iteration_run(), measured, 0), IsEmpty());
}

TEST(TaskDeltas, GiveTheVerdictItsTaskAndCause) {
  RunRecord measured = two_iteration_run();
  move(measured, 3, 70);
  measured.iterations[1].end += 70;
  const Result<Comparison> c =
      compare(make_trace(two_iteration_run()), make_trace(measured), {.tasks = 3});

  ASSERT_TRUE(c.has_value());
  EXPECT_THAT(verdict(*c), HasSubstr("predicted 1.0 us, measured 1.1 us an iteration: 6.5 % too "
                                     "fast"));
  EXPECT_THAT(verdict(*c), HasSubstr("; of tasks, L0.down[1] of iteration 1: -0.07 us, -0.07 us of "
                                     "it wait_poll"));
}

}  // namespace
}  // namespace mk
