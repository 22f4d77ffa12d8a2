#include "profiler/capture/clock_alignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace mk::capture {
namespace {

using ::testing::HasSubstr;

// A stamp of a device whose clock is `offset` behind the host's: read for 1 ns from `device` on,
// within a kernel that began `lead` before and ended `trail` after.
ClockStamp stamp(Nanoseconds device, Nanoseconds offset, Nanoseconds lead, Nanoseconds trail) {
  return {device, device + 1, device + offset - lead, device + 1 + offset + trail};
}

TEST(ClockAlignment, BoundsTheOffsetByTheTightestStampOnEachSide) {
  const std::vector<ClockStamp> stamps = {stamp(1000, 500, 40, 300), stamp(2000, 500, 200, 25)};

  const Result<OffsetInterval> offset = offset_of(stamps);

  ASSERT_TRUE(offset.has_value());
  EXPECT_EQ(offset->low, 460);
  EXPECT_EQ(offset->high, 525);
  EXPECT_EQ(offset->uncertainty(), 33);
}

TEST(ClockAlignment, RefusesAClockThatWasSet) {
  const std::vector<ClockStamp> stamps = {stamp(1000, 500, 40, 40), stamp(2000, 700, 40, 40)};

  const Result<OffsetInterval> offset = offset_of(stamps);

  ASSERT_FALSE(offset.has_value());
  EXPECT_THAT(offset.error().message, HasSubstr("no offset suits all 2 stamps, by 120 ns"));
}

// 1 second apart, 3000 ns of drift: 3 ppm.
TEST(ClockAlignment, FindsTheDriftBetweenTwoGroups) {
  const std::vector<ClockStamp> before = {stamp(0, 500, 10, 10)};
  const std::vector<ClockStamp> after = {stamp(1'000'000'000, 3500, 10, 10)};

  const Result<ClockAlignment> clocks = align_clocks(before, after);

  ASSERT_TRUE(clocks.has_value());
  EXPECT_NEAR(clocks->drift_ppm(), 3.0, 1e-6);
  EXPECT_EQ(clocks->to_host(1), 501);
  EXPECT_EQ(clocks->to_host(500'000'001), 500'002'001);
  EXPECT_EQ(clocks->to_host(1'000'000'001), 1'000'003'501);
}

TEST(ClockAlignment, HoldsTheTrueTimeWithinItsUncertainty) {
  const std::vector<ClockStamp> before = {stamp(0, 500, 100, 7), stamp(50, 500, 3, 90)};
  const std::vector<ClockStamp> after = {stamp(1'000'000, 510, 9, 80)};

  const Result<ClockAlignment> clocks = align_clocks(before, after);

  ASSERT_TRUE(clocks.has_value());
  for (const Nanoseconds device : {-500'000, 0, 250'000, 1'000'000, 2'000'000}) {
    const auto truth = device + 500 + device / 100'000;
    EXPECT_LE(std::abs(clocks->to_host(device) - truth), clocks->uncertainty(device)) << device;
  }
  EXPECT_GT(clocks->uncertainty(3'000'000), clocks->uncertainty(500'000));
}

// The device shows 1000 until its clock reaches 1032: kernels that began at 1530 of the host's and
// read 1000 do not contradict an offset of 500.
TEST(ClockAlignment, AllowsForTheTicksOfTheDevicesClock) {
  const std::vector<ClockStamp> before = {{1000, 1000, 1530, 1540}, {1064, 1064, 1560, 1570}};
  const std::vector<ClockStamp> after = {{9992, 9992, 10500, 10530}};

  EXPECT_FALSE(offset_of(before).has_value());
  const Result<ClockAlignment> clocks = align_clocks(before, after);

  ASSERT_TRUE(clocks.has_value()) << clocks.error().message;
  EXPECT_EQ(clocks->before.low, 530 - 31);
  EXPECT_EQ(clocks->before.high, 506);
}

TEST(ClockAlignment, RefusesGroupsInTheWrongOrder) {
  const std::vector<ClockStamp> one = {stamp(1000, 0, 5, 5)};
  const std::vector<ClockStamp> two = {stamp(500, 0, 5, 5)};

  EXPECT_FALSE(align_clocks(one, two).has_value());
  EXPECT_FALSE(align_clocks({}, two).has_value());
}

TEST(ClockAlignment, SaysHowFarAKernelsWorkersStickOutOfItsRecord) {
  const std::vector<ClockStamp> before = {stamp(0, 500, 0, 0)};
  const std::vector<ClockStamp> after = {stamp(10'000, 500, 0, 0)};
  const ClockAlignment clocks = *align_clocks(before, after);

  EXPECT_EQ(residual(clocks, 1000, 2000, 1490, 2510), 0);
  EXPECT_EQ(residual(clocks, 1000, 2000, 1510, 2510), 10);
  EXPECT_EQ(residual(clocks, 1000, 2000, 1490, 2480), 20);
}

}  // namespace
}  // namespace mk::capture
