// Start errors and their parts, on a run small enough to check by hand (tests/traces/tiny_run.h).
#include "profiler/analysis/task_errors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "profiler/analysis/compare.h"
#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

// Both qkv tasks end later by `late` ns, and all behind them by as much; the second down starts
// `hand_off` ns later still.
Trace changed_run(Nanoseconds late, Nanoseconds hand_off) {
  RunRecord run = testing::two_iteration_run();
  for (TaskRecord& t : run.tasks) {
    const bool is_down = t.task >= 2;
    const Nanoseconds more = t.task == 3 ? hand_off : 0;
    if (is_down) {
      t.ready += late;
      t.start += late + more;
    }
    t.end += late + more;
    t.notified += late + more;
  }
  for (ActivationRecord& a : run.activations) {
    if (a.event == 1) a.activated += late;
  }
  return make_trace(run);
}

std::vector<OperatorErrors> errors(const Trace& predicted, const Trace& measured) {
  return task_errors(TraceIndex(predicted), TraceIndex(measured), 0, 2);
}

TEST(TaskErrors, OfARunAgainstItselfAreNone) {
  const Trace run = make_trace(testing::two_iteration_run());
  const auto rows = errors(run, run);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].name, "(all)");
  EXPECT_EQ(rows[0].tasks, 8u);
  for (const OperatorErrors& row : rows) {
    EXPECT_EQ(row.p95.start_us, 0);
    EXPECT_EQ(row.p95.duration_us, 0);
    EXPECT_EQ(row.predicted_skew_us, row.measured_skew_us);
  }
}

TEST(TaskErrors, SplitALateStartIntoItsParts) {
  const Trace predicted = changed_run(20, 30);
  const Trace measured = make_trace(testing::two_iteration_run());
  const auto rows = errors(predicted, measured);
  const OperatorErrors& qkv = rows[1];
  ASSERT_EQ(qkv.name, "qkv");
  EXPECT_DOUBLE_EQ(qkv.p95.start_us, 0);
  EXPECT_DOUBLE_EQ(qkv.median.duration_us, 0.02);
  EXPECT_DOUBLE_EQ(qkv.median.duration, (20. / 240 + 20. / 320) / 2);
  const OperatorErrors& down = rows[2];
  // 20 and 50 ns late, of which 20 are inherited, the rest of the second is hand-off.
  EXPECT_DOUBLE_EQ(down.median.start_us, 0.035);
  EXPECT_DOUBLE_EQ(down.median.inherited_us, 0.02);
  EXPECT_DOUBLE_EQ(down.median.hand_off_us, 0.015);
  EXPECT_DOUBLE_EQ(down.median.queue_us, 0);
  EXPECT_NEAR(down.p95.layer_start_us, 0.05, 1e-9);
}

TEST(TaskErrors, SayWhoFinishesLastAndByHowMuch) {
  const Trace measured = make_trace(testing::two_iteration_run());
  const auto rows = errors(changed_run(0, 100), measured);
  const OperatorErrors& down = rows[2];
  EXPECT_NEAR(down.measured_skew_us, 0.04, 1e-9);  // ends at 900 and 980
  EXPECT_NEAR(down.predicted_skew_us, 0.09, 1e-9);
  ASSERT_TRUE(down.measured_last.has_value());
  EXPECT_EQ(down.measured_last->worker, 1u);
  EXPECT_EQ(down.measured_last->share, 1);
}

TEST(TaskErrors, AreAPartOfComparisonsThatAskForThem) {
  const Trace run = make_trace(testing::two_iteration_run());
  EXPECT_TRUE(compare(run, run)->parts.empty());
  EXPECT_EQ(compare(run, run, {.parts = true})->parts.size(), 3u);
}

}  // namespace
}  // namespace mk
