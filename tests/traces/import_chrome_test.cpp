#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "tests/traces/trace_text.h"
#include "traces/chrome_events.h"
#include "traces/export.h"
#include "traces/import.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using testing::flow_lines;
using ::testing::HasSubstr;
using testing::health_lines;
using ::testing::IsEmpty;
using testing::slice_lines;

class ImportChrome : public ::testing::Test {
 protected:
  Result<Imported> import(const std::string& text) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
    return import_trace(path_);
  }

  const testing::TemporaryFolder folder_{};
  const std::string path_ = folder_ / "trace.json";
};

TEST_F(ImportChrome, TakesCompleteEventsOfNamedThreads) {
  const Result<Imported> got = import(R"({"traceEvents":[
      {"ph":"X","pid":7,"tid":1,"name":"gemm","ts":1.5,"dur":2.25,"args":{"grid":[1,2],"bytes":64}},
      {"ph":"M","pid":7,"tid":1,"name":"thread_name","args":{"name":"stream 4"}},
      {"ph":"X","pid":7,"tid":"main","name":"launch","ts":1,"dur":0.3}]})");

  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_THAT(slice_lines(got->trace), ElementsAre("stream 4 | gemm | 1500 | 3750 | bytes=64",
                                                   "process 7 thread main | launch | 1000 | 1300"));
  EXPECT_EQ(got->trace.lanes[0].kind, LaneKind::kStream);
  EXPECT_THAT(health_lines(got->trace), ElementsAre("nested_arguments 2"));
}

TEST_F(ImportChrome, NestsBeginsAndEndsAndAsynchronousOnes) {
  const Result<Imported> got = import(R"([
      {"ph":"B","pid":1,"tid":1,"name":"outer","ts":0},
      {"ph":"B","pid":1,"tid":1,"name":"inner","ts":1},
      {"ph":"E","pid":1,"tid":1,"ts":2},
      {"ph":"E","pid":1,"tid":1,"ts":5},
      {"ph":"b","pid":1,"cat":"io","id":"0x1","name":"read","ts":0},
      {"ph":"b","pid":1,"cat":"io","id":"0x2","name":"read","ts":1},
      {"ph":"e","pid":1,"cat":"io","id":"0x1","name":"read","ts":3},
      {"ph":"e","pid":1,"cat":"io","id":"0x2","name":"read","ts":4}])");

  ASSERT_TRUE(got.has_value());
  EXPECT_THAT(slice_lines(got->trace), ElementsAre("process 1 thread 1 | outer | 0 | 5000",
                                                   "process 1 thread 1 (2) | inner | 1000 | 2000",
                                                   "process 1 io | read | 0 | 3000",
                                                   "process 1 io (2) | read | 1000 | 4000"));
}

TEST_F(ImportChrome, DrawsArrowsBetweenTheSlicesAroundTheirEnds) {
  const Result<Imported> got = import(R"([
      {"ph":"X","pid":1,"tid":1,"name":"call","ts":0,"dur":4},
      {"ph":"X","pid":1,"tid":1,"name":"launch","ts":1,"dur":1},
      {"ph":"X","pid":1,"tid":2,"name":"kernel","ts":6,"dur":3},
      {"ph":"s","pid":1,"tid":1,"id":5,"name":"ac2g","cat":"ac2g","ts":1.5},
      {"ph":"f","bp":"e","pid":1,"tid":2,"id":5,"name":"ac2g","cat":"ac2g","ts":6},
      {"ph":"f","pid":1,"tid":2,"id":9,"name":"ac2g","cat":"ac2g","ts":6}])");

  ASSERT_TRUE(got.has_value());
  EXPECT_THAT(flow_lines(got->trace), ElementsAre("launch -> kernel"));
  EXPECT_THAT(health_lines(got->trace), ElementsAre("loose_arrow 1"));
  EXPECT_EQ(got->counts.left_out, 1U);
}

TEST_F(ImportChrome, CountsWhatItCannotUse) {
  const Result<Imported> got = import(R"([
      {"ph":"X","pid":1,"tid":1,"name":"no time","dur":4},
      {"ph":"X","pid":1,"tid":1,"name":"text","ts":"soon"},
      {"ph":"E","pid":1,"tid":1,"ts":2},
      {"ph":"B","pid":1,"tid":1,"ts":2,"name":"open"},
      {"ph":"C","pid":1,"ts":3,"name":"n","args":{"a":1.5,"b":"x"}},
      {"ph":"O","ts":3}, {}, {"ph":"X","name":"negative","pid":1,"tid":1,"ts":5,"dur":-2}])");

  ASSERT_TRUE(got.has_value());
  EXPECT_THAT(health_lines(got->trace),
              ElementsAre("no_time_stamp 2", "end_without_begin 1", "no_number 1",
                          "unknown_event 2", "ends_before_start 1", "begin_without_end 1"));
  EXPECT_EQ(got->counts.counters, 1U);
  EXPECT_EQ(got->counts.left_out, 6U);
}

TEST_F(ImportChrome, ForgivesAMissingEnd) {
  const Result<Imported> got =
      import(R"([{"ph":"X","pid":1,"tid":1,"name":"a","ts":0,"dur":4},{"ph":"X","pi)");

  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->counts.slices, 1U);
  EXPECT_THAT(health_lines(got->trace), ElementsAre("truncated 1"));
}

TEST_F(ImportChrome, RefusesWhatIsNoTrace) {
  EXPECT_THAT(import("").error().message, HasSubstr("trace.json: no JSON at byte"));
  EXPECT_THAT(import("{\"a\": [1, 2]}").error().message, HasSubstr("no list of trace events"));
  EXPECT_THAT(import("17").error().message, HasSubstr("no list of trace events"));
  EXPECT_THAT(import("[{\"ph\":\"X\"} oops]").error().message, HasSubstr("no JSON at byte"));
  EXPECT_EQ(import("\x0a\x9c").error().message.find("json.exception"), std::string::npos);
  EXPECT_THAT(import_trace(folder_ / "missing").error().message, HasSubstr("cannot open"));
}

// Up to what the format carries: names, lanes, times, counters, arrows; not graphs.
TEST_F(ImportChrome, OfAnExportIsTheSameTrace) {
  const Trace original = make_trace(testing::two_iteration_run());
  ASSERT_TRUE(export_chrome(original, path_).has_value());

  const Result<Imported> got = import_trace(path_);

  ASSERT_TRUE(got.has_value()) << got.error().message;
  const Trace& trace = got->trace;
  EXPECT_EQ(trace.slices.lane, original.slices.lane);
  EXPECT_EQ(trace.slices.start, original.slices.start);
  EXPECT_EQ(trace.slices.end, original.slices.end);
  for (std::uint32_t k = 0; k + 1 < trace.slices.size(); ++k) {
    EXPECT_EQ(trace.strings[trace.slices.name[k]],
              original.graphs[0].task_name(original.slices.task[k]));
  }
  for (std::size_t lane = 0; lane < 3; ++lane) {
    EXPECT_EQ(trace.lanes[lane].name, lane_name(original.lanes[lane]));
    EXPECT_EQ(trace.lanes[lane].kind, original.lanes[lane].kind);
  }
  EXPECT_EQ(trace.flows.size(), 4U);
  ASSERT_EQ(trace.counters.size(), 2U);
  EXPECT_EQ(trace.counters[1].time, 1200);
  EXPECT_DOUBLE_EQ(trace.counters[1].value, 2.5);
  EXPECT_THAT(trace.health, IsEmpty());
}

// What was imported has nothing that the format does not carry: the second export is the first.
TEST_F(ImportChrome, ExportedAgainIsTheSameFile) {
  ASSERT_TRUE(export_chrome(make_trace(testing::two_iteration_run()), path_).has_value());
  const Trace once = import_trace(path_)->trace;
  ASSERT_TRUE(export_chrome(once, path_).has_value());

  const Trace twice = import_trace(path_)->trace;

  EXPECT_EQ(slice_lines(twice), slice_lines(once));
  EXPECT_EQ(flow_lines(twice), flow_lines(once));
  EXPECT_EQ(twice.strings, once.strings);
}

TEST(Microseconds, AreNanosecondsToTheLastDigit) {
  EXPECT_EQ(nanoseconds_from_microseconds("1.234"), 1234);
  EXPECT_EQ(nanoseconds_from_microseconds("-0.5"), -500);
  EXPECT_EQ(nanoseconds_from_microseconds("7"), 7000);
  EXPECT_EQ(nanoseconds_from_microseconds("123456789012.3459"), 123456789012345);
  EXPECT_EQ(nanoseconds_from_microseconds("1.5e3"), 1500000);
  EXPECT_EQ(nanoseconds_from_microseconds("1e300"), std::nullopt);
  EXPECT_EQ(nanoseconds_from_microseconds("soon"), std::nullopt);
  EXPECT_EQ(nanoseconds_from_microseconds(""), std::nullopt);
}

}  // namespace
}  // namespace mk
