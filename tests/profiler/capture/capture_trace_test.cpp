#include "profiler/capture/capture_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/profiler/capture/launch_log.h"
#include "tests/traces/trace_text.h"

namespace mk::capture {
namespace {

using ::testing::ElementsAre;
using testing::flow_lines;
using ::testing::HasSubstr;
using testing::health_lines;
using ::testing::IsEmpty;
using testing::slice_lines;
using ::testing::UnorderedElementsAre;

TEST(CaptureTrace, HasARowAStreamAThreadAndADomain) {
  const std::vector<CaptureLog> logs = {testing::one_launch()};

  const Trace trace = make_trace(logs);

  EXPECT_THAT(
      slice_lines(trace),
      ElementsAre("thread 77 CUDA | cudaLaunchKernel | 1000 | 1500",
                  "gpu0 context 1 stream 7 | mega(int) | 2000 | 7000 | grid=132x1x1 | "
                  "block=384x1x1 | registers=0 | shared_bytes=0 | cooperative=yes | external_id=5",
                  "gpu0 context 1 stream 7 | copy device to host | 7100 | 7200 | bytes=4096",
                  "waits of context 1 | wait for stream | 1600 | 7050",
                  "thread 77 NVTX model | decode | 0 | 8000 | payload=42"));
}

TEST(CaptureTrace, JoinsACallAndWhatItLaunched) {
  const std::vector<CaptureLog> logs = {testing::one_launch()};

  EXPECT_THAT(flow_lines(make_trace(logs)), ElementsAre("cudaLaunchKernel -> mega(int)"));
}

TEST(CaptureTrace, CountsWhatItCannotUse) {
  const std::vector<CaptureLog> logs = {testing::one_launch()};

  EXPECT_THAT(health_lines(make_trace(logs)),
              UnorderedElementsAre("no_time_stamp 1", "range_never_begun 1"));
}

// Found by fuzzing: such a time and another one were further apart than 2^63 ns.
TEST(CaptureTrace, LeavesOutTimesThatCannotBe) {
  CaptureLog log;
  log.add(Overhead{100, 200, log.intern("CUPTI"), 1});
  log.add(Overhead{Time{1} << 63, (Time{1} << 63) + 5, log.intern("CUPTI"), 1});
  const std::vector<CaptureLog> logs = {log};

  const Trace trace = make_trace(logs);

  EXPECT_EQ(trace.makespan(), 100);
  EXPECT_THAT(health_lines(trace), ElementsAre("no_time_stamp 1"));
}

TEST(CaptureTrace, EndsOpenRangesAtTheLastTimeSeen) {
  CaptureLog log;
  log.add(Marker{100, 1, MarkerPhase::kStart, log.intern("open"), kNoText, 1, 2, 0});
  log.add(Marker{400, 2, MarkerPhase::kInstant, log.intern("mark"), kNoText, 1, 2, 0});
  const std::vector<CaptureLog> logs = {log};

  const Trace trace = make_trace(logs);

  EXPECT_THAT(slice_lines(trace),
              ElementsAre("thread 2 NVTX | open | 0 | 300", "thread 2 NVTX | mark | 300 | 300"));
  EXPECT_THAT(health_lines(trace), ElementsAre("range_never_ended 1"));
}

TEST(CaptureTrace, NamesProcessesWhereThereAreSeveral) {
  const std::vector<CaptureLog> logs = {testing::one_launch(70), testing::one_launch(71)};

  const Trace trace = make_trace(logs);

  EXPECT_EQ(trace.slices.size(), 10U);
  EXPECT_THAT(flow_lines(trace),
              ElementsAre("cudaLaunchKernel -> mega(int)", "cudaLaunchKernel -> mega(int)"));
  EXPECT_EQ(trace.lanes[0].name, "process 70 thread 77 CUDA");
}

TEST(CaptureTrace, OfNothingIsEmpty) {
  const Trace trace = make_trace({});

  EXPECT_THAT(slice_lines(trace), IsEmpty());
  EXPECT_EQ(trace.makespan(), 0);
}

}  // namespace
}  // namespace mk::capture
