#include "traces/span_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/traces/temporary_folder.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> lane_names(const Trace& trace) {
  std::vector<std::string> names;
  for (const Lane& lane : trace.lanes) names.push_back(lane_name(lane));
  return names;
}

TEST(SpanTrace, PutsNestedSpansBelowWhatEnclosesThem) {
  SpanTraceBuilder builder;
  const auto row = builder.add_row(LaneKind::kNvtx, 0, "thread 7");
  const auto other = builder.add_row(LaneKind::kStream, 1, "stream 3");
  const auto name = builder.intern("range");
  builder.add_span(row, name, 10, 20);  // within the next
  builder.add_span(row, name, 10, 90);
  builder.add_span(row, name, 12, 15);  // within both
  builder.add_span(row, name, 90, 95);  // begins where the outer one ends
  builder.add_span(other, name, 0, 5);

  const Trace trace = std::move(builder).build();

  EXPECT_THAT(lane_names(trace),
              ElementsAre("thread 7", "thread 7 (2)", "thread 7 (3)", "stream 3"));
  EXPECT_THAT(trace.slices.lane, ElementsAre(0, 0, 1, 2, 3));
  EXPECT_THAT(trace.slices.start, ElementsAre(10, 90, 10, 12, 0));
  EXPECT_THAT(trace.slices.end, ElementsAre(90, 95, 20, 15, 5));
  EXPECT_EQ(trace.lanes[1].number, 1U);
}

TEST(SpanTrace, KeepsFlowsAndDetailsAtTheirSpans) {
  SpanTraceBuilder builder;
  const auto row = builder.add_row(LaneKind::kApi, 0, "api");
  const auto name = builder.intern("call");
  const auto late = builder.add_span(row, name, 50, 60);
  const auto early = builder.add_span(row, name, 0, 10);
  builder.add_flow(early, late);
  builder.add_detail(late, builder.intern("bytes"), builder.intern("4096"));

  const Trace trace = std::move(builder).build();

  EXPECT_THAT(trace.flows, ElementsAre(SliceFlow{0, 1}));
  ASSERT_THAT(trace.details, SizeIs(1));
  EXPECT_EQ(trace.details[0].slice, 1U);
  EXPECT_EQ(trace.strings[trace.details[0].value], "4096");
}

TEST(SpanTrace, CountsWhatEndsBeforeItStarts) {
  SpanTraceBuilder builder;
  const auto row = builder.add_row(LaneKind::kApi, 0, "api");
  builder.add_span(row, builder.intern("a"), 10, 5);
  builder.add_span(row, builder.intern("b"), 20, 5);

  const Trace trace = std::move(builder).build();

  EXPECT_THAT(trace.slices.end, ElementsAre(10, 20));
  ASSERT_THAT(trace.health, SizeIs(1));
  EXPECT_EQ(trace.health[0].count, 2);
}

TEST(SpanTrace, IsWrittenAndReadBack) {
  const testing::TemporaryFolder folder;
  SpanTraceBuilder builder;
  const auto row = builder.add_row(LaneKind::kStream, 0, "stream 0");
  const auto a = builder.add_span(row, builder.intern("kernel"), 0, 10);
  const auto b = builder.add_span(row, builder.intern("copy"), 10, 20);
  builder.add_flow(a, b);
  builder.add_detail(a, builder.intern("grid"), builder.intern("132x1x1"));
  builder.add_counter(builder.intern("bandwidth GB/s"), 5, 1.5);
  builder.set_meta("source", "imported");
  const Trace trace = std::move(builder).build();
  ASSERT_TRUE(write_trace(trace, folder / "t.db").has_value());

  const Result<Trace> read = read_trace(folder / "t.db");

  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->strings, trace.strings);
  EXPECT_EQ(read->slices.name, trace.slices.name);
  EXPECT_EQ(read->flows, trace.flows);
  EXPECT_EQ(read->details, trace.details);
  EXPECT_EQ(read->makespan(), 20);
  EXPECT_THAT(read->graphs, IsEmpty());
}

// Found by the fuzzer: a capture that says twice how many records were dropped, both times
// absurdly.
TEST(SpanTrace, CountsOfADoubtStopAtTheMostThatCanBeCounted) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  SpanTraceBuilder builder;
  builder.add_health("dropped", 7959374897126602083, "records");
  builder.add_health("dropped", 7959374897126602083, "records");
  const Trace trace = std::move(builder).build();
  ASSERT_THAT(trace.health, SizeIs(1));
  EXPECT_EQ(trace.health[0].count, kMost);
}

}  // namespace
}  // namespace mk
