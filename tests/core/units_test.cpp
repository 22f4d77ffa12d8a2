#include "core/units.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace mk {
namespace {

using TaskId = Id<struct TaskTag>;
using EventId = Id<struct EventTag>;

static_assert(!std::is_convertible_v<TaskId, EventId>);
static_assert(!std::is_convertible_v<std::uint32_t, TaskId>);
static_assert(!std::is_constructible_v<Bytes, Flops>);

TEST(Duration, RoundsSecondsToTheNearestPicosecond) {
  EXPECT_EQ(seconds_to_duration(1.4e-12), Duration(1));
  EXPECT_EQ(seconds_to_duration(1.6e-12), Duration(2));
  EXPECT_EQ(seconds_to_duration(-1.6e-12), Duration(-2));
}

TEST(Duration, KeepsMicrosecondsToThePicosecond) {
  EXPECT_EQ(microseconds_to_duration(1.000001), Duration(1'000'001));
  EXPECT_DOUBLE_EQ(to_microseconds(Duration(2'500'000)), 2.5);
  EXPECT_DOUBLE_EQ(to_seconds(Duration(2'500'000)), 2.5e-6);
}

TEST(Duration, ReachesAHundredDays) {
  const double hundred_days = 100.0 * 24 * 3600;

  EXPECT_GT(seconds_to_duration(hundred_days), Duration(0));
}

TEST(Count, AddsAndSubtractsLikeWithLike) {
  Bytes bytes(40);

  bytes += Bytes(2);

  EXPECT_EQ(bytes + Bytes(8), Bytes(50));
  EXPECT_EQ(bytes - Bytes(50), Bytes(-8));
  EXPECT_LT(Bytes(-8), bytes);
}

TEST(Id, OrdersAndHashesByIndex) {
  const std::unordered_set<TaskId> ids = {TaskId(1), TaskId(2), TaskId(1)};

  EXPECT_EQ(ids.size(), 2U);
  EXPECT_LT(TaskId(1), TaskId(2));
}

}  // namespace
}  // namespace mk
