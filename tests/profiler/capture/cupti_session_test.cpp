// Capture from CUPTI's callbacks to a Trace, with a fake library; and the real library's record
// walker on a synthetic buffer, where there is one.
#include "profiler/capture/cupti_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <vector>

#include "profiler/capture/capture_trace.h"
#include "profiler/capture/cupti_records.h"
#include "tests/profiler/capture/synthetic_records.h"
#include "tests/traces/trace_text.h"

namespace mk::capture {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

const std::vector<std::string> kOneLaunch = {
    "thread 77 CUDA | cudaLaunchKernel_v7000 | 1000 | 1500",
    "gpu0 context 1 stream 7 | mega(int) | 2000 | 7000 | grid=132x1x1 | block=384x1x1 | "
    "registers=168 | shared_bytes=200000 | cooperative=yes | external_id=5",
    "gpu0 context 1 stream 7 | copy device to host | 7100 | 7200 | bytes=4096",
    "waits of context 1 | wait for stream | 1600 | 7050",
    "thread 77 NVTX model | decode | 0 | 8000 | payload=42"};

class WithFakeCupti : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("MEGASCOPE_CUPTI", MEGASCOPE_FAKE_CUPTI, 1);
    ::unsetenv("FAKE_CUPTI_REFUSES");
  }

  static Result<CaptureLog> capture() {
    CaptureLog log;
    Result<CuptiLibrary> library = CuptiLibrary::load();
    if (!library) return tl::unexpected(library.error());
    auto session = CuptiSession::start(std::move(*library), log);
    if (!session) return tl::unexpected(session.error());
    (*session)->stop();
    return log;
  }
};

TEST_F(WithFakeCupti, RecordsReachTheTrace) {
  const Result<CaptureLog> log = capture();

  ASSERT_TRUE(log.has_value()) << log.error().message;
  const Trace trace = make_trace({&*log, 1});
  EXPECT_EQ(testing::slice_lines(trace), kOneLaunch);
  EXPECT_THAT(testing::flow_lines(trace), ElementsAre("cudaLaunchKernel_v7000 -> mega(int)"));
}

TEST_F(WithFakeCupti, WhatCuptiDroppedIsCounted) {
  const Result<CaptureLog> log = capture();

  EXPECT_THAT(testing::health_lines(make_trace({&*log, 1})),
              UnorderedElementsAre("records_dropped 2", "no_time_stamp 1", "range_never_begun 1"));
}

TEST_F(WithFakeCupti, AKindThatIsRefusedIsNamed) {
  ::setenv("FAKE_CUPTI_REFUSES", std::to_string(CUPTI_ACTIVITY_KIND_MEMCPY).c_str(), 1);

  const Result<CaptureLog> log = capture();

  ASSERT_TRUE(log.has_value());
  const Trace trace = make_trace({&*log, 1});
  EXPECT_THAT(testing::health_lines(trace), Contains("not_recorded 1"));
  EXPECT_THAT(trace.health[0].message, HasSubstr("copies: FAKE_REFUSAL"));
}

TEST_F(WithFakeCupti, WithoutKernelsThereIsNoSession) {
  ::setenv("FAKE_CUPTI_REFUSES", std::to_string(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL).c_str(), 1);

  const Result<CaptureLog> log = capture();

  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, ErrorCode::kDevice);
  EXPECT_THAT(log.error().message, HasSubstr("kernels: FAKE_REFUSAL"));
}

TEST(CuptiLibrary, SaysWhereItLookedInVain) {
  ::setenv("MEGASCOPE_CUPTI", "/nowhere/libcupti.so", 1);

  const Result<CuptiLibrary> library = CuptiLibrary::load();

  ASSERT_FALSE(library.has_value());
  EXPECT_THAT(library.error().message, HasSubstr("tried /nowhere/libcupti.so"));
}

TEST(RealCupti, WalksASyntheticBuffer) {
  ::unsetenv("MEGASCOPE_CUPTI");
  const Result<CuptiLibrary> library = CuptiLibrary::load();
  if (!library) GTEST_SKIP() << library.error().message;
  std::vector<std::uint64_t> memory(8192);
  auto* bytes = reinterpret_cast<std::uint8_t*>(memory.data());
  testing::RecordBuffer buffer(bytes, memory.size() * sizeof(std::uint64_t));
  testing::add_one_launch(buffer);
  CaptureLog log;

  parse_records(*library, bytes, buffer.used(), log);

  EXPECT_EQ(testing::slice_lines(make_trace({&log, 1})), kOneLaunch);
}

TEST(RealCupti, StopsAtWhatIsNoRecord) {
  ::unsetenv("MEGASCOPE_CUPTI");
  const Result<CuptiLibrary> library = CuptiLibrary::load();
  if (!library) GTEST_SKIP() << library.error().message;
  std::vector<std::uint64_t> memory(64);
  auto* bytes = reinterpret_cast<std::uint8_t*>(memory.data());
  testing::RecordBuffer buffer(bytes, memory.size() * sizeof(std::uint64_t));
  buffer.add<CUpti_Activity>(static_cast<CUpti_ActivityKind>(9999));
  CaptureLog log;

  parse_records(*library, bytes, 64, log);

  EXPECT_THAT(testing::health_lines(make_trace({&log, 1})), ElementsAre("unknown_record 1"));
}

}  // namespace
}  // namespace mk::capture
