// Capture of a real CUDA program on a real device: what CUPTI says must be what the program did,
// and its clock and the device's must fit together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "profiler/capture/clock_alignment.h"
#include "profiler/capture/profile_program.h"
#include "tests/traces/temporary_folder.h"
#include "tests/traces/trace_text.h"

namespace mk::capture {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// Programs are found from where this one lies, so that a build folder can be carried elsewhere.
std::string built(const std::string& path) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / path).string();
}

class DeviceCapture : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access("/dev/nvidiactl", R_OK) != 0) GTEST_SKIP() << "no NVIDIA device";
    ::unsetenv("MEGASCOPE_CUPTI");
  }

  Profile profile(std::vector<std::string> more = {}) {
    std::vector<std::string> command = {built("capture_sample"), stamps_};
    command.insert(command.end(), more.begin(), more.end());
    Result<Profile> result =
        profile_program({command, built("../bin/libmegascope_inject.so"), true});
    EXPECT_TRUE(result.has_value()) << result.error().message;
    for (const HealthRecord& h : result->trace.health)
      std::cout << "health: " << h.kind << ' ' << h.count << ' ' << h.message << '\n';
    return std::move(*result);
  }

  // Slices by name.
  static std::map<std::string, std::vector<std::uint32_t>> by_name(const Trace& trace) {
    std::map<std::string, std::vector<std::uint32_t>> found;
    for (std::uint32_t k = 0; k < trace.slices.size(); ++k)
      found[trace.strings[trace.slices.name[k]]].push_back(k);
    return found;
  }

  // The program's stamps beside CUPTI's records of the kernels that took them.
  std::vector<ClockStamp> stamps(const Trace& trace, const std::vector<std::uint32_t>& kernels) {
    std::vector<ClockStamp> stamps;
    std::ifstream file(stamps_);
    Nanoseconds first = 0;
    Nanoseconds last = 0;
    while (file >> first >> last && stamps.size() < kernels.size()) {
      const std::uint32_t k = kernels[stamps.size()];
      stamps.push_back({first, last, trace.slices.start[k], trace.slices.end[k]});
    }
    return stamps;
  }

  const testing::TemporaryFolder folder_{};
  const std::string stamps_ = folder_ / "stamps";
};

TEST_F(DeviceCapture, SeesEveryKernelCopyCallAndRange) {
  const Profile result = profile();

  EXPECT_EQ(result.exit_status, 0);
  auto found = by_name(result.trace);
  for (const auto& [name, slices] : found) std::cout << slices.size() << " x " << name << '\n';
  EXPECT_EQ(found["(anonymous namespace)::stamp(unsigned long*)"].size(), 200U);
  EXPECT_EQ(found["(anonymous namespace)::persistent(float const*, float*, unsigned long)"].size(),
            1U);
  EXPECT_EQ(found["(anonymous namespace)::node(float*)"].size(), 3U);
  EXPECT_EQ(found["copy host to device"].size(), 1U);
  EXPECT_EQ(found["copy device to host"].size(), 2U);
  EXPECT_EQ(found["memset"].size(), 1U);
  for (const char* range : {"stamps before", "work", "stamps after"})
    EXPECT_EQ(found[range].size(), 1U) << range;
  // Every kernel, copy and memset has its call.
  EXPECT_EQ(result.trace.flows.size(), 200U + 1 + 3 + 3 + 1);
}

TEST_F(DeviceCapture, ClocksFitTogether) {
  const Profile result = profile();
  auto found = by_name(result.trace);
  const std::vector<ClockStamp> all =
      stamps(result.trace, found["(anonymous namespace)::stamp(unsigned long*)"]);
  ASSERT_EQ(all.size(), 200U);

  const std::span<const ClockStamp> both(all);
  const Result<ClockAlignment> clocks = align_clocks(both.first(100), both.last(100));

  ASSERT_TRUE(clocks.has_value()) << clocks.error().message;
  std::cout << "clock uncertainty before " << clocks->before.uncertainty() << " ns, after "
            << clocks->after.uncertainty() << " ns, drift " << clocks->drift_ppm() << " ppm\n";
  EXPECT_LT(clocks->before.uncertainty(), 2000);
  EXPECT_LT(clocks->after.uncertainty(), 2000);
}

TEST_F(DeviceCapture, KeepsWhatWasHandedOverBeforeACrash) {
  const Profile result = profile({"crash"});

  EXPECT_EQ(result.exit_status, 134);
  EXPECT_THAT(testing::health_lines(result.trace), Contains("program_crashed 1"));
  auto found = by_name(result.trace);
  EXPECT_EQ(found["(anonymous namespace)::stamp(unsigned long*)"].size(), 100U);
  EXPECT_EQ(found["work"].size(), 1U);
}

}  // namespace
}  // namespace mk::capture
