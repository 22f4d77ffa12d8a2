#include "gpu_backend/cuda/device_state.h"

#include <gmock/gmock.h>
#include <stdlib.h>

namespace mk::cuda::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

DeviceState state(const char* library, const char* answers, const char* address = "0000:3b:00.0") {
  setenv("MEGASCOPE_NVML", library, 1);
  setenv("FAKE_NVML", answers, 1);
  return read_device_state(address);
}

std::map<std::string, std::string> meta(const DeviceState& before, const DeviceState& after) {
  std::map<std::string, std::string> meta;
  add_device_state(before, after, meta);
  return meta;
}

TEST(DeviceState, IsWhatTheDriverSaysBeforeAndAfter) {
  const DeviceState before = state(MEGASCOPE_FAKE_NVML, "1980 41 0x0");
  const DeviceState after = state(MEGASCOPE_FAKE_NVML, "1755 63 0x4");

  EXPECT_EQ(before.problem, "");
  EXPECT_THAT(meta(before, after),
              ElementsAre(Pair("sm_clock_mhz", "1980 1755"), Pair("temperature_c", "41 63"),
                          Pair("throttling", "power cap")));
}

TEST(DeviceState, SaysThatThereIsNoLibraryRatherThanZero) {
  const DeviceState none = state("/nowhere/libnvidia-ml.so.1", "");

  EXPECT_FALSE(none.sm_clock_mhz.has_value());
  EXPECT_THAT(meta(none, none), ElementsAre(Pair("sm_clock_mhz", HasSubstr("unknown: no /nowhere")),
                                            Pair("temperature_c", HasSubstr("unknown: no")),
                                            Pair("throttling", HasSubstr("unknown: no"))));
}

TEST(DeviceState, SaysThatTheDeviceIsNotKnown) {
  EXPECT_THAT(state(MEGASCOPE_FAKE_NVML, "none").problem, HasSubstr("knows no device"));
  EXPECT_THAT(state(MEGASCOPE_FAKE_NVML, "1 2 0x0", "0000:00:00.0").problem,
              HasSubstr("no device 0000:00:00.0"));
}

TEST(DeviceState, NamesEveryReasonAndNotThatItIsIdle) {
  EXPECT_EQ(throttle_text(0x0), "none");
  EXPECT_EQ(throttle_text(0x1), "none");
  EXPECT_EQ(throttle_text(0x48), "hardware slowdown, hardware thermal");
  EXPECT_EQ(throttle_text(0x1004), "power cap, bits 0x1000");
}

}  // namespace
}  // namespace mk::cuda::test
