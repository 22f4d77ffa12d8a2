#include "profiler/analysis/hops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// tiny_run.h: hops of 60, 70 (qkv) and 50, 60 (down) ns in both iterations.
TEST(Hops, AreFromTheEventToTheStart) {
  const Trace trace = make_trace(testing::two_iteration_run());

  const std::vector<HopRow> rows = hop_latencies(TraceIndex(trace));

  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].name, "(all)");
  EXPECT_EQ(rows[0].hops, 8U);
  EXPECT_DOUBLE_EQ(rows[0].p50_us, 0.060);
  EXPECT_DOUBLE_EQ(rows[0].max_us, 0.070);
  EXPECT_EQ(rows[2].name, "down");
  EXPECT_DOUBLE_EQ(rows[2].p50_us, 0.055);
}

TEST(Hops, LeaveOutTasksWhoseWorkerWasBusy) {
  RunRecord run = testing::two_iteration_run();
  run.tasks[2].ready = 100 + 305;  // task 2: its worker notified at 310
  const Trace trace = make_trace(run);

  const std::vector<HopRow> rows = hop_latencies(TraceIndex(trace));

  EXPECT_EQ(rows[0].hops, 7U);
  EXPECT_EQ(rows[0].worker_busy, 1U);
  EXPECT_EQ(rows[2].worker_busy, 1U);
}

TEST(Hops, OfATraceWithoutTasksAreNone) {
  RunRecord run = testing::two_iteration_run();
  run.tasks.clear();
  const Trace trace = make_trace(run);

  EXPECT_THAT(hop_latencies(TraceIndex(trace)), IsEmpty());
}

}  // namespace
}  // namespace mk
