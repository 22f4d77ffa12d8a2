#include "profiler/analysis/overlap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "tests/traces/tiny_run.h"
#include "traces/span_trace.h"

namespace mk {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Overlap, IsTheTimeInWhichADeviceDidBoth) {
  SpanTraceBuilder builder;
  const auto stream = builder.add_row(LaneKind::kStream, 1, "stream 1");
  const auto copies = builder.add_row(LaneKind::kStream, 1, "stream 2");
  const auto kernel = builder.intern("kernel");
  const auto copy = builder.intern("copy host to device");
  builder.add_span(stream, kernel, 0, 100);
  builder.add_span(stream, kernel, 150, 200);
  builder.add_span(copies, copy, 80, 160);
  builder.add_span(copies, copy, 300, 310);
  const Trace trace = std::move(builder).build();

  const std::vector<Overlap> found = overlaps(trace);

  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].device, 1);
  EXPECT_EQ(found[0].computing, 150);
  EXPECT_EQ(found[0].communicating, 90);
  EXPECT_EQ(found[0].both, 30);
  EXPECT_DOUBLE_EQ(found[0].hidden(), 1.0 / 3);
}

// tiny_run.h, each iteration: worker 0 is busy 240 + 450, worker 1 320 + 520.
TEST(Imbalance, IsTheBusiestOverTheMean) {
  const std::vector<Imbalance> rows = imbalances(make_trace(testing::two_iteration_run()));

  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].name, "(all tasks)");
  EXPECT_DOUBLE_EQ(rows[0].worker_ratio, 840.0 / 765);
  EXPECT_EQ(rows[1].name, "qkv");
  EXPECT_DOUBLE_EQ(rows[1].worker_ratio, 320.0 / 280);
  EXPECT_DOUBLE_EQ(rows[1].task_ratio, 320.0 / 280);
}

TEST(Imbalance, OfNoTasksIsNone) { EXPECT_THAT(imbalances(Trace{}), IsEmpty()); }

}  // namespace
}  // namespace mk
