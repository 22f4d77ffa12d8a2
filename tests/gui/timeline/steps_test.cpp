#include "gui/timeline/steps.h"

#include <gtest/gtest.h>

#include <random>

namespace mk::gui {
namespace {

TEST(Steps, CountsHowManyIntervalsHold) {
  const Steps steps = count_steps("open", {0, 10, 15}, {20, 12, 30});
  EXPECT_EQ(steps.at(-1), std::nullopt);
  EXPECT_EQ(steps.at(0), 1);
  EXPECT_EQ(steps.at(11), 2);
  EXPECT_EQ(steps.at(12), 1);
  EXPECT_EQ(steps.at(16), 2);
  EXPECT_EQ(steps.at(30), 0);
  EXPECT_EQ(steps.highest(), 2);
}

TEST(Steps, ExtremesOverARangeAreThoseOfItsSteps) {
  std::mt19937 engine(1);
  std::vector<Steps::Step> steps;
  for (Nanoseconds t = 0; t < 5000; t += 1 + static_cast<Nanoseconds>(engine() % 5))
    steps.push_back({t, static_cast<double>(engine() % 1000)});
  const Steps counter("c", steps);
  for (int trial = 0; trial < 200; ++trial) {
    const auto from = static_cast<double>(engine() % 5000);
    const double to = from + static_cast<double>(engine() % 2000);
    double low = 1e9;
    double high = -1e9;
    for (std::size_t k = 0; k < steps.size(); ++k) {
      const double next = k + 1 < steps.size() ? static_cast<double>(steps[k + 1].time) : 1e9;
      if (next <= from ||
          (static_cast<double>(steps[k].time) >= to && static_cast<double>(steps[k].time) > from))
        continue;
      low = std::min(low, steps[k].value);
      high = std::max(high, steps[k].value);
    }
    const auto extremes = counter.over(from, to);
    ASSERT_TRUE(extremes.has_value());
    EXPECT_EQ(extremes->low, low);
    EXPECT_EQ(extremes->high, high);
  }
}

}  // namespace
}  // namespace mk::gui
