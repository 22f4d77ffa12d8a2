#include "core/injection.h"

#include <gmock/gmock.h>

namespace mk {
namespace {

using ::testing::HasSubstr;

TEST(Injection, TakesEachKnownForm) {
  Injections injections;
  ASSERT_TRUE(add_injection(injections, "notify_delay_us=2.5").has_value());
  ASSERT_TRUE(add_injection(injections, "slow_worker=3:1.5").has_value());
  ASSERT_TRUE(add_injection(injections, "slow_worker=0:2").has_value());
  ASSERT_TRUE(add_injection(injections, "lost_notify=17").has_value());

  EXPECT_EQ(injections.notify_delay_us, 2.5);
  EXPECT_EQ(injections.slow_factor(3), 1.5);
  EXPECT_EQ(injections.slow_factor(0), 2);
  EXPECT_EQ(injections.slow_factor(1), 1);
  EXPECT_EQ(injections.lost_notify, 17U);
}

class RefusedInjection : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(RefusedInjection, IsAUsageErrorThatSaysWhy) {
  Injections injections;
  const Status status = add_injection(injections, GetParam().first);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kUsage);
  EXPECT_THAT(status.error().message, HasSubstr(GetParam().first));
  EXPECT_THAT(status.error().message, HasSubstr(GetParam().second));
  EXPECT_EQ(injections, Injections{});
}

INSTANTIATE_TEST_SUITE_P(Injection, RefusedInjection,
                         ::testing::Values(std::pair{"notify_delay_us", "expected NAME=VALUE"},
                                           std::pair{"notify_delay=1", "unknown name"},
                                           std::pair{"notify_delay_us=-1", "at least 0"},
                                           std::pair{"notify_delay_us=nan", "at least 0"},
                                           std::pair{"notify_delay_us=1x", "at least 0"},
                                           std::pair{"slow_worker=1", "WORKER:FACTOR"},
                                           std::pair{"slow_worker=a:2", "worker must be a number"},
                                           std::pair{"slow_worker=1:0.5", "at least 1"},
                                           std::pair{"lost_notify=x", "task must be a number"}));

TEST(Injection, RefusesAWorkerThatIsSlowedTwice) {
  Injections injections;
  ASSERT_TRUE(add_injection(injections, "slow_worker=1:2").has_value());
  EXPECT_FALSE(add_injection(injections, "slow_worker=1:3").has_value());
}

}  // namespace
}  // namespace mk
