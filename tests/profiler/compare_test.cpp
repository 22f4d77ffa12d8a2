#include "profiler/analysis/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::two_iteration_run;

Comparison compared(const RunRecord& predicted, const RunRecord& measured,
                    const CompareOptions& options = {}) {
  Result<Comparison> comparison = compare(make_trace(predicted), make_trace(measured), options);
  EXPECT_TRUE(comparison.has_value()) << comparison.error().message;
  return comparison.value_or(Comparison{});
}

// Iteration 1 (the one that is compared) of the tiny run, its tasks at run.tasks[4..7].
TaskRecord& task(RunRecord& run, std::uint32_t id) { return run.tasks[4 + id]; }

RunRecord quiet_run() {
  RunRecord run = two_iteration_run();
  run.health.clear();
  return run;
}

TEST(Compare, FindsNoErrorInARunBesideItself) {
  const Comparison c = compared(quiet_run(), quiet_run());

  EXPECT_EQ(c.warmup, 1U);
  EXPECT_EQ(c.iterations, 1U);
  EXPECT_EQ(c.matched_tasks, 4U);
  EXPECT_EQ(c.end_to_end_error, 0);
  EXPECT_EQ(c.placement_agreement, 1);
  EXPECT_EQ(c.order_agreement, 1);
  EXPECT_EQ(c.start_error_us.p95, 0);
  EXPECT_EQ(c.duration_error.p95, 0);
  EXPECT_EQ(c.worker_finish_error, 0);
  EXPECT_THAT(c.notes, IsEmpty());
}

TEST(Compare, MeasuresTheIterationAgainstTheMeasuredOne) {
  RunRecord predicted = quiet_run();
  predicted.iterations[1].end += 250;

  const Comparison c = compared(predicted, quiet_run());

  EXPECT_DOUBLE_EQ(c.predicted_iteration_us, 1.25);
  EXPECT_DOUBLE_EQ(c.measured_iteration_us, 1.0);
  EXPECT_DOUBLE_EQ(c.end_to_end_error, 0.25);
  EXPECT_THAT(verdict(c), HasSubstr("25.0 % too slow"));
}

TEST(Compare, CountsStartsFromTheIterationsBeginWhereverItLies) {
  RunRecord predicted = quiet_run();
  predicted.iterations[1].start += 5000;
  predicted.iterations[1].end += 5000;
  for (std::uint32_t id = 0; id < 4; ++id) {
    task(predicted, id).start += 5000;
    task(predicted, id).end += 5000;
  }
  task(predicted, 3).start += 40;

  const Comparison c = compared(predicted, quiet_run());

  EXPECT_DOUBLE_EQ(c.start_error_us.median, 0);
  EXPECT_NEAR(c.start_error_us.p95, 0.034, 1e-9);
}

// All of the layer 10 ns late: no error within the layer.
TEST(Compare, CountsLayerStartsFromTheLayersFirstTask) {
  RunRecord predicted = quiet_run();
  for (std::uint32_t id = 0; id < 4; ++id) task(predicted, id).start += 10;

  const Comparison c = compared(predicted, quiet_run());

  EXPECT_NEAR(c.start_error_us.median, 0.010, 1e-9);
  EXPECT_NEAR(c.layer_start_error_us.p95, 0, 1e-9);
}

TEST(Compare, MeasuresDurationsAgainstTheMeasuredOnes) {
  RunRecord predicted = quiet_run();
  task(predicted, 0).end += 24;  // 240 -> 264 ns

  const Comparison c = compared(predicted, quiet_run());

  EXPECT_NEAR(c.duration_error.median, 0, 1e-9);
  EXPECT_NEAR(c.duration_error.p95, 0.1 * 0.85, 1e-9);
}

TEST(Compare, CountsTasksOnTheSameWorker) {
  RunRecord predicted = quiet_run();
  task(predicted, 0).lane = 1;
  task(predicted, 1).lane = 0;

  EXPECT_DOUBLE_EQ(compared(predicted, quiet_run()).placement_agreement, 0.5);
}

// One of two workers ends 100 ns late in an iteration of 1000 ns.
TEST(Compare, MeasuresTheWorkersLastEnds) {
  RunRecord predicted = quiet_run();
  task(predicted, 2).end += 100;

  EXPECT_DOUBLE_EQ(compared(predicted, quiet_run()).worker_finish_error, 0.05);
}

TEST(Compare, LeavesWarmUpOutOnlyWhereThereIsMoreThanOneIteration) {
  EXPECT_EQ(compared(quiet_run(), quiet_run(), {.warmup = 0}).iterations, 2U);
  EXPECT_EQ(compared(quiet_run(), quiet_run(), {}).iterations, 1U);
  RunRecord single = quiet_run();
  single.iterations.resize(1);
  single.tasks.resize(4);
  single.activations.resize(1);
  EXPECT_EQ(compared(single, quiet_run()).iterations, 1U);
}

TEST(Compare, SaysWhatHasNoPartner) {
  RunRecord measured = two_iteration_run();
  measured.tasks.pop_back();
  measured.roles.workers = 1;

  const Comparison c = compared(quiet_run(), measured);

  EXPECT_EQ(c.matched_tasks, 3U);
  EXPECT_EQ(c.only_predicted, 1U);
  EXPECT_THAT(c.notes, Contains(HasSubstr("1 task records only predicted, 0 only measured")));
  EXPECT_THAT(c.notes, Contains(HasSubstr("predicted with 2 workers and 1 schedulers")));
  EXPECT_THAT(c.notes, Contains(HasSubstr("measured trace: 3 records_dropped")));
}

TEST(Compare, BreaksTheDifferenceDown) {
  RunRecord predicted = quiet_run();
  task(predicted, 2).end += 60;

  const Comparison by_operator = compared(predicted, quiet_run());
  const Comparison by_worker = compared(predicted, quiet_run(), {.by = BreakdownBy::kWorker});
  const Comparison by_layer = compared(predicted, quiet_run(), {.by = BreakdownBy::kLayer});
  const Comparison by_cause = compared(predicted, quiet_run(), {.by = BreakdownBy::kCause});

  ASSERT_EQ(by_operator.breakdown.size(), 2U);
  EXPECT_EQ(by_operator.breakdown[1].name, "down");
  EXPECT_EQ(by_operator.breakdown[1].tasks, 2U);
  EXPECT_NEAR(by_operator.breakdown[1].delta_us(), 0.06, 1e-9);
  ASSERT_EQ(by_worker.breakdown.size(), 2U);
  EXPECT_EQ(by_worker.breakdown[0].name, "worker 0");
  EXPECT_NEAR(by_worker.breakdown[0].delta_us(), 0.06, 1e-9);
  ASSERT_EQ(by_layer.breakdown.size(), 1U);
  EXPECT_EQ(by_layer.breakdown[0].name, "layer 0");
  ASSERT_FALSE(by_cause.breakdown.empty());
  EXPECT_EQ(by_cause.breakdown[0].name, "execute");
  EXPECT_NEAR(by_cause.breakdown[0].delta_us(), 0.06, 1e-9);
  EXPECT_THAT(verdict(by_operator), HasSubstr("most differs down: +0.1 us"));
}

TEST(Compare, RefusesDifferentGraphsAndNamesBoth) {
  const Trace measured = make_trace(quiet_run());
  Trace predicted = measured;
  predicted.graphs[0].hash = 0x1234;

  const Result<Comparison> c = compare(predicted, measured);

  ASSERT_FALSE(c.has_value());
  EXPECT_THAT(c.error().message, HasSubstr("predicted 0000000000001234 (tiny, 4 tasks"));
  EXPECT_THAT(c.error().message, HasSubstr("measured " + measured.meta.at("graph_hash")));
}

TEST(Compare, RefusesWarmUpThatLeavesNothing) {
  const Trace trace = make_trace(quiet_run());

  EXPECT_THAT(compare(trace, trace, {.warmup = 2}).error().message,
              HasSubstr("2 warm-up iterations leave none of 2"));
  EXPECT_THAT(compare(trace, make_trace(RunRecord{})).error().message,
              HasSubstr("the measured trace has no iteration"));
}

}  // namespace
}  // namespace mk
