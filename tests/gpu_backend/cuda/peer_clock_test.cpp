// Clocks of two GPUs, with made-up rounds.
#include "gpu_backend/cuda/peer_clock.h"

#include <gtest/gtest.h>

namespace mk::cuda::test {
namespace {

TEST(PeerClock, TakesTheOffsetOfTheShortestRound) {
  const ClockOffset offset =
      offset_of({{1000, 51700, 4000}, {5000, 56100, 7000}, {9000, 61000, 13000}});
  EXPECT_EQ(offset.half_width_ns, 1000);
  EXPECT_EQ(offset.at_ns, 56100);
  EXPECT_EQ(offset.offset_ns, 56100 - 6000);
}

// Wherever in its interval the stamp was taken, the true offset is within the half width.
TEST(PeerClock, BoundsTheOffset) {
  constexpr std::int64_t kTrue = -123456;
  for (std::uint64_t at = 1'000'000; at <= 1'002'000; at += 100) {
    const auto answered = static_cast<std::uint64_t>(static_cast<std::int64_t>(at) + kTrue);
    const ClockOffset offset = offset_of({{1'000'000, answered, 1'002'000}});
    EXPECT_LE(std::abs(offset.offset_ns - kTrue), offset.half_width_ns);
  }
}

TEST(PeerClock, BringsInstantsOntoTheAxisThroughADrift) {
  // 500 ns ahead at 1 ms, 700 ns ahead at 3 ms of its own clock.
  const DeviceClock clock({1'000'000, 500, 40}, {3'000'000, 700, 60});
  EXPECT_EQ(clock.on_axis(1'000'000), 999'500U);
  EXPECT_EQ(clock.on_axis(2'000'000), 1'999'400U);
  EXPECT_EQ(clock.on_axis(3'000'000), 2'999'300U);
  const ClockRecord record = clock.record(1);
  EXPECT_EQ(record.device, 1);
  EXPECT_EQ(record.uncertainty, 60);
  EXPECT_NEAR(record.drift_ppm, 100, 1e-9);
}

TEST(PeerClock, OfTheFirstDeviceIsTheAxis) { EXPECT_EQ(DeviceClock().on_axis(12345), 12345U); }

}  // namespace
}  // namespace mk::cuda::test
