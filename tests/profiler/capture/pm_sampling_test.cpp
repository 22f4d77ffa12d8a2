// PM sampling with a fake device, and what the real library says of the metrics, which needs none.
#include "profiler/capture/pm_sampling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "profiler/capture/capture_trace.h"
#include "profiler/capture/self_capture.h"
#include "tests/traces/trace_text.h"

namespace mk::capture {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class WithFakeDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("MEGASCOPE_CUPTI", MEGASCOPE_FAKE_CUPTI, 1);
    for (const char* unset :
         {"FAKE_CUPTI_REFUSES", "FAKE_PM", "NVTX_INJECTION64_PATH", "CUDA_INJECTION64_PATH"})
      ::unsetenv(unset);
  }

  // Of the whole process: what a run that records itself does.
  static CaptureLog capture(std::size_t device = 0) {
    const std::unique_ptr<SelfCapture> self = SelfCapture::start();
    self->sample_counters(device, 10'000);
    self->end_sampling();
    return self->stop();
  }

  static std::vector<std::string> counter_lines(const Trace& trace) {
    std::vector<std::string> lines;
    for (const CounterSample& c : trace.counters)
      lines.push_back(fmt::format("{} {} {}", trace.strings[c.track], c.time, c.value));
    return lines;
  }
};

TEST_F(WithFakeDevice, SamplesBecomeCountersOnTheAxisOfTheKernels) {
  const Trace trace = make_trace({{capture()}});

  // The trace's zero is the first time stamp, 1000.
  EXPECT_THAT(counter_lines(trace),
              ElementsAre("dram_read_gb_per_s 2000 2", "dram_write_gb_per_s 2000 0.1",
                          "sm_active_percent 2000 50", "dram_read_gb_per_s 12000 4",
                          "dram_write_gb_per_s 12000 0.1", "sm_active_percent 12000 51",
                          "dram_read_gb_per_s 22000 6", "dram_write_gb_per_s 22000 0.1",
                          "sm_active_percent 22000 52"));
  EXPECT_THAT(testing::flow_lines(trace), ElementsAre("cudaLaunchKernel_v7000 -> mega(int)"));
  EXPECT_THAT(testing::health_lines(trace), Not(Contains(HasSubstr("samples_missing"))));
}

TEST_F(WithFakeDevice, SaysWhatItTakesWherePermissionIsMissing) {
  ::setenv("FAKE_PM", "privileges", 1);

  const Trace trace = make_trace({{capture()}});

  EXPECT_THAT(trace.counters, IsEmpty());
  EXPECT_THAT(trace.health, Contains(::testing::Field(
                                &HealthRecord::message,
                                HasSubstr("for administrators only here (the driver's "
                                          "NVreg_RestrictProfilingToAdminUsers=0 opens them)"))));
  EXPECT_THAT(testing::flow_lines(trace), ElementsAre("cudaLaunchKernel_v7000 -> mega(int)"));
}

TEST_F(WithFakeDevice, RefusesADeviceThatCuptiDoesNotKnow) {
  const Result<CuptiLibrary> library = CuptiLibrary::load();

  const auto sampling = PmSampling::start(*library, {.device = 1});

  ASSERT_FALSE(sampling.has_value());
  EXPECT_EQ(sampling.error().code, ErrorCode::kUnsupported);
}

TEST_F(WithFakeDevice, RefusesMetricsThatNeedSeveralRuns) {
  ::setenv("FAKE_PM", "passes", 1);
  const Result<CuptiLibrary> library = CuptiLibrary::load();

  const auto sampling = PmSampling::start(*library, {});

  ASSERT_FALSE(sampling.has_value());
  EXPECT_THAT(sampling.error().message, HasSubstr("GH100 needs 2 passes"));
}

TEST_F(WithFakeDevice, CountsABufferThatWasFull) {
  ::setenv("FAKE_PM", "overflow", 1);

  EXPECT_THAT(testing::health_lines(make_trace({{capture()}})), Contains("samples_dropped 1"));
}

TEST_F(WithFakeDevice, SaysHowMuchTheSamplesCover) {
  ::setenv("FAKE_PM", "gap", 1);

  const Trace trace = make_trace({{capture()}});

  EXPECT_THAT(trace.health,
              Contains(::testing::Field(&HealthRecord::message,
                                        HasSubstr("PM samples cover 0.030 of 0.090 ms"))));
}

TEST_F(WithFakeDevice, KeepsWhatWasDecodedBeforeAFailure) {
  ::setenv("FAKE_PM", "decode", 1);

  const Trace trace = make_trace({{capture()}});

  EXPECT_EQ(trace.counters.size(), 6U);
  EXPECT_THAT(testing::health_lines(trace), Contains("not_recorded 1"));
}

TEST_F(WithFakeDevice, LeavesAProcessToTheToolThatRecordsItAlready) {
  ::setenv("CUDA_INJECTION64_PATH", "/opt/nsys/libToolsInjection64.so", 1);

  const Trace trace = make_trace({{capture()}});

  EXPECT_THAT(testing::slice_lines(trace), IsEmpty());
  ASSERT_EQ(trace.health.size(), 1U);
  EXPECT_THAT(trace.health[0].message, HasSubstr("another tool records this process"));
}

TEST(RealPmSampling, TakesTheMetricsInOnePassOnAnH100) {
  ::unsetenv("MEGASCOPE_CUPTI");
  const Result<CuptiLibrary> library = CuptiLibrary::load();
  if (!library) GTEST_SKIP() << library.error().message;

  const Result<std::size_t> passes = PmSampling::passes_on(*library, "GH100");

  ASSERT_TRUE(passes.has_value()) << passes.error().message;
  EXPECT_EQ(*passes, 1U);
}

TEST(RealPmSampling, IsRefusedInOneLineWithoutADevice) {
  if (::access("/dev/nvidiactl", R_OK) == 0) GTEST_SKIP() << "there is a device";
  ::unsetenv("MEGASCOPE_CUPTI");
  const Result<CuptiLibrary> library = CuptiLibrary::load();
  if (!library) GTEST_SKIP() << library.error().message;

  const auto sampling = PmSampling::start(*library, {});

  ASSERT_FALSE(sampling.has_value());
  EXPECT_THAT(sampling.error().message, HasSubstr("PM sampling: CUPTI"));
  EXPECT_EQ(sampling.error().message.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace mk::capture
