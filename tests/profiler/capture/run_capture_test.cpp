// A run's record and CUPTI's on one axis: synthetic clocks, whose truth is known.
#include "profiler/capture/run_capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/traces/tiny_run.h"
#include "tests/traces/trace_text.h"

namespace mk::capture {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Time kHost = 1'700'000'000'000'000'000;  // of a time of day
constexpr Nanoseconds kZero = 5'000'000;           // a device's clock at instant 0 of the record

// A device whose clock runs `ppm` slower than the host's: 0 of it is kHost + `late`.
struct FakeClock {
  Nanoseconds late = 0;
  double ppm = 0;

  Time host(Nanoseconds device) const {
    return kHost +
           static_cast<Time>(late + device +
                             static_cast<Nanoseconds>(static_cast<double>(device) * ppm * 1e-6));
  }
};

// Two stamps before the run and two after it, with CUPTI's kernels 100 ns around each reading.
void add_stamps(RunCapture& capture, std::uint8_t device, const FakeClock& clock) {
  ClockReadings readings{
      device, "clock_kernel", kZero, {1'000'001, 2'000'002}, {900'000'003, 901'000'000}};
  for (const auto* group : {&readings.before, &readings.after}) {
    for (const Nanoseconds at : *group) {
      Kernel kernel;
      kernel.start = clock.host(at) - 100;
      kernel.end = clock.host(at) + 100;
      kernel.device = device;
      kernel.name = capture.log.intern("_ZN2mk4cuda12clock_kernelEPm");
      capture.log.add(kernel);
    }
  }
  capture.clocks.push_back(std::move(readings));
}

// CUPTI's record of the run's kernel, from `lead` before the record's zero to `end` after it.
void add_kernel(CaptureLog& log, std::uint8_t device, const FakeClock& clock, Nanoseconds lead,
                Nanoseconds end) {
  Kernel kernel;
  kernel.start = clock.host(kZero) - static_cast<Time>(lead);
  kernel.end = clock.host(kZero + end);
  kernel.device = device;
  kernel.correlation = 7;
  kernel.name = log.intern("_Z4megai");
  log.add(kernel);
  log.add(ApiCall{kernel.start - 500, kernel.start - 100, log.intern("cudaLaunchKernelExC"), 0, 70,
                  77, 7, 0});
}

Nanoseconds last_end(const Trace& trace) {
  Nanoseconds last = 0;
  for (std::size_t k = 0; k < trace.slices.size(); ++k) {
    if (trace.slices.is_task(k)) last = std::max(last, trace.slices.end[k]);
  }
  return last;
}

class JoinCapture : public ::testing::Test {
 protected:
  RunRecord record_ = testing::two_iteration_run();
  const Trace alone_ = make_trace(record_);
  RunCapture capture_{};
  CaptureLog& log_ = capture_.log;
};

TEST_F(JoinCapture, PutsKernelAndTasksOnOneAxis) {
  const FakeClock clock{123'456, 0};
  add_stamps(capture_, 0, clock);
  add_kernel(log_, 0, clock, 300, last_end(alone_) + 200);

  const Trace trace = join_capture(record_, capture_);

  EXPECT_THAT(trace.health, ::testing::SizeIs(alone_.health.size()));
  EXPECT_EQ(trace.slices.size(), alone_.slices.size() + 6);
  EXPECT_EQ(last_end(trace), last_end(alone_));  // no drift: no instant of the record moved
  std::vector<std::string> lines;
  for (std::uint32_t k = 0; k < trace.slices.size(); ++k) {
    if (trace.slices.is_task(k)) continue;
    lines.push_back(fmt::format("{} {} {}", trace.strings[trace.slices.name[k]],
                                trace.slices.start[k], trace.slices.end[k]));
  }
  EXPECT_THAT(lines, Contains(fmt::format("mega(int) -300 {}", last_end(alone_) + 200)));
  EXPECT_THAT(lines, Contains("cudaLaunchKernelExC -800 -400"));
  EXPECT_THAT(trace.flows, ::testing::SizeIs(1));
}

TEST_F(JoinCapture, StoresTheIntervalOfTheOffsetAndWhatSticksOut) {
  const FakeClock clock{123'456, 0};
  add_stamps(capture_, 0, clock);
  add_kernel(log_, 0, clock, 300, last_end(alone_) - 60);

  const Trace trace = join_capture(record_, capture_);

  ASSERT_EQ(trace.clocks.size(), 1U);
  EXPECT_EQ(trace.clocks[0].uncertainty, 100);
  const Nanoseconds offset = static_cast<Nanoseconds>(kHost) + 123'456;
  const std::string interval = fmt::format("{}..{}", offset - 100, offset + 100);
  EXPECT_EQ(trace.meta.at("clock_alignment"), fmt::format("0:{}:{}:60", interval, interval));
  EXPECT_THAT(testing::health_lines(trace), Not(Contains("clocks_disagree 1")));
}

TEST_F(JoinCapture, DoubtsClocksThatTheKernelContradicts) {
  const FakeClock clock{0, 0};
  add_stamps(capture_, 0, clock);
  add_kernel(log_, 0, clock, 300, last_end(alone_) - 150);

  EXPECT_THAT(testing::health_lines(join_capture(record_, capture_)),
              Contains("clocks_disagree 1"));
}

TEST_F(JoinCapture, FollowsTheDrift) {
  const FakeClock clock{0, 40};
  add_stamps(capture_, 0, clock);
  add_kernel(log_, 0, clock, 300, last_end(alone_) + 300);

  const Trace trace = join_capture(record_, capture_);

  EXPECT_NEAR(trace.clocks[0].drift_ppm, 40, 0.01);
  for (std::size_t k = 0; k < trace.slices.size(); ++k) {
    if (!trace.slices.is_task(k)) continue;
    const auto truth =
        static_cast<Nanoseconds>(clock.host(kZero + alone_.slices.start[k]) - clock.host(kZero));
    EXPECT_NEAR(static_cast<double>(trace.slices.start[k]), static_cast<double>(truth), 2);
  }
}

// Worker 1 on a second device: its clock shows 3 s less, its instants count from 40 ns later, and
// nobody could know when events that it notified last were activated.
RunRecord on_two_devices(RunRecord record) {
  record.lanes[1].device = 1;
  for (TaskRecord& t : record.tasks) {
    if (t.task >= 2) t.ready = 0;
    if (t.lane != 1) continue;
    for (Nanoseconds* at : {&t.enqueued, &t.fetched, &t.ready, &t.start, &t.end, &t.notified})
      *at -= 40;
  }
  for (ActivationRecord& a : record.activations) a.activated = 0;
  return record;
}

TEST_F(JoinCapture, PutsSeveralDevicesOnOneAxis) {
  RunRecord two = on_two_devices(record_);
  add_stamps(capture_, 0, {0, 0});
  add_stamps(capture_, 1, {3'000'000'040, 0});
  capture_.clocks[1].zero -= 3'000'000'000;

  const Trace trace = join_capture(two, capture_);

  EXPECT_EQ(trace.clocks.size(), 2U);
  for (std::size_t k = 0; k < alone_.slices.size(); ++k) {
    EXPECT_EQ(trace.slices.start[k], alone_.slices.start[k]) << k;
    EXPECT_EQ(trace.slices.notified[k], alone_.slices.notified[k]) << k;
    EXPECT_EQ(trace.slices.ready[k], alone_.slices.ready[k]) << k;
  }
  EXPECT_EQ(trace.activations[0].activated, alone_.activations[0].activated);
}

TEST_F(JoinCapture, TakesADeviceWithoutReadingsOnTheFirstOnesClock) {
  record_.lanes[1].device = 1;
  record_.clocks = {{0, 5000, 0}, {1, 400, 2}};
  add_stamps(capture_, 0, {123, 0});

  const Trace trace = join_capture(record_, capture_);

  EXPECT_EQ(trace.slices.start[0], alone_.slices.start[0]);
  ASSERT_EQ(trace.clocks.size(), 2U);
  EXPECT_EQ(trace.clocks[0].uncertainty, 100);
  EXPECT_EQ(trace.clocks[1].uncertainty, 500);
}

TEST_F(JoinCapture, LeavesOutWhatWasBeforeTheFirstStamp) {
  const FakeClock clock{0, 0};
  add_stamps(capture_, 0, clock);
  log_.add(ApiCall{kHost - 5000, kHost - 4000, log_.intern("cudaMalloc"), 0, 70, 77, 1, 0});

  const Trace trace = join_capture(record_, capture_);

  EXPECT_EQ(trace.meta.at("spans_before_run"), "1");
  EXPECT_THAT(trace.strings, Contains("cudaMalloc"));
  EXPECT_EQ(trace.slices.size(), alone_.slices.size() + 4);
}

TEST_F(JoinCapture, KeepsTheDevicesOwnTimesWhereStampsAreMissing) {
  add_stamps(capture_, 0, {0, 0});
  log_.activities.pop_back();
  log_.add(Loss{17, log_.intern("records_dropped"), log_.intern("CUPTI had no buffer")});

  const Trace trace = join_capture(record_, capture_);

  EXPECT_EQ(trace.slices.start, alone_.slices.start);
  EXPECT_THAT(testing::health_lines(trace), Contains("clocks_not_aligned 1"));
  EXPECT_THAT(testing::health_lines(trace), Contains("records_dropped 17"));
  EXPECT_THAT(trace.health.back().message, HasSubstr("3 of the 4 kernels"));
}

}  // namespace
}  // namespace mk::capture
