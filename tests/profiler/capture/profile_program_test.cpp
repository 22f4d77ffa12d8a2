// Whole programs under the capture: with a fake CUPTI, without one, crashing, not starting.
#include "profiler/capture/profile_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/traces/trace_text.h"

namespace mk::capture {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<Profile> profile(std::vector<std::string> command) {
  return profile_program({.command = std::move(command),
                          .injection = MEGASCOPE_INJECTION,
                          .output_to_standard_error = true});
}

TEST(ProfileProgram, RecordsWhatCuptiHandsOver) {
  ::setenv("MEGASCOPE_CUPTI", MEGASCOPE_FAKE_CUPTI, 1);
  ::unsetenv("FAKE_CUPTI_REFUSES");

  const Result<Profile> result = profile({FAKE_CUDA_PROGRAM, "7"});

  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->exit_status, 7);
  EXPECT_EQ(result->processes, 1U);
  EXPECT_THAT(testing::flow_lines(result->trace), Contains("cudaLaunchKernel_v7000 -> mega(int)"));
  EXPECT_THAT(testing::health_lines(result->trace), Contains("records_dropped 2"));
  EXPECT_THAT(result->trace.meta.at("captured_by"), HasSubstr("CUPTI 13"));
}

TEST(ProfileProgram, RecordsNvtxWhereThereIsNoCupti) {
  ::setenv("MEGASCOPE_CUPTI", "/nowhere/libcupti.so", 1);

  const Result<Profile> result = profile({FAKE_CUDA_PROGRAM, "0"});

  ASSERT_TRUE(result.has_value()) << result.error().message;
  const std::vector<std::string> lines = testing::slice_lines(result->trace);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("NVTX program | outer"), HasSubstr("payload=-7"))));
  EXPECT_THAT(lines, Contains(HasSubstr("NVTX | inner")));
  EXPECT_THAT(lines, Contains(HasSubstr("| mark |")));
  EXPECT_THAT(lines, Contains(HasSubstr("NVTX megascope | a phase of ours")));
  EXPECT_THAT(testing::health_lines(result->trace), Contains("not_recorded 1"));
}

TEST(ProfileProgram, KeepsWhatWasCapturedOfACrash) {
  ::setenv("MEGASCOPE_CUPTI", "/nowhere/libcupti.so", 1);

  const Result<Profile> result = profile({FAKE_CUDA_PROGRAM, "crash"});

  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->exit_status, 134);
  EXPECT_EQ(result->ended, "signal 6 (Aborted)");
  EXPECT_THAT(testing::slice_lines(result->trace), Contains(HasSubstr("NVTX program | outer")));
  EXPECT_THAT(testing::health_lines(result->trace), Contains("program_crashed 1"));
}

// A fatal signal is held up until what CUPTI has by then is on the disk.
TEST(ProfileProgram, AsksCuptiOnceMoreWhenTheProgramCrashes) {
  ::setenv("MEGASCOPE_CUPTI", MEGASCOPE_FAKE_CUPTI, 1);
  ::unsetenv("FAKE_CUPTI_REFUSES");

  const Result<Profile> result = profile({FAKE_CUDA_PROGRAM, "crash"});

  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->exit_status, 134);
  EXPECT_THAT(testing::flow_lines(result->trace), Contains("cudaLaunchKernel_v7000 -> mega(int)"));
}

TEST(ProfileProgram, SaysThatAProgramDidNothingOfInterest) {
  const Result<Profile> result = profile({"true"});

  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->exit_status, 0);
  EXPECT_THAT(testing::slice_lines(result->trace), IsEmpty());
  EXPECT_THAT(testing::health_lines(result->trace), Contains("nothing_captured 1"));
}

TEST(ProfileProgram, RefusesWhatDoesNotStart) {
  const Result<Profile> result = profile({"/nowhere/program"});

  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message, HasSubstr("/nowhere/program: cannot be started"));
}

TEST(ProfileProgram, RefusesABuildWithoutCapture) {
  const Result<Profile> result = profile_program({.command = {"true"}, .injection = "/nowhere.so"});

  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace mk::capture
