#include "profiler/analysis/robust_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace mk {
namespace {

TEST(FitLine, FindsConstantAndSlopeBehindDisturbedPoints) {
  std::mt19937 random(5);
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 400; ++i) {
    x.push_back(static_cast<double>(1000 * (1 + random() % 8)));
    const double noise = 1 + 0.02 * (static_cast<double>(random() % 101) / 50 - 1);
    y.push_back((3 + 0.002 * x.back()) * noise);
    if (i % 10 == 0) y.back() *= 40;  // one in ten was interrupted
  }

  const LineFit fit = fit_line(x, y);

  EXPECT_TRUE(fit.tells_apart);
  EXPECT_NEAR(fit.constant, 3, 0.1);
  EXPECT_NEAR(fit.slope, 0.002, 0.00003);
  EXPECT_LT(fit.residual, 0.02);
}

TEST(FitLine, KnowsOneNumberOnlyWhereXIsAlwaysTheSame) {
  const LineFit fit = fit_line(std::vector<double>(9, 500.0), std::vector<double>(9, 2.0));

  EXPECT_FALSE(fit.tells_apart);
  EXPECT_DOUBLE_EQ(fit.constant, 0);
  EXPECT_DOUBLE_EQ(fit.slope, 0.004);
}

TEST(FitLine, NeverGoesBelowZero) {
  const LineFit falling = fit_line(std::vector<double>{1, 2, 3}, std::vector<double>{3, 2, 1});
  const LineFit steep = fit_line(std::vector<double>{1, 2, 3}, std::vector<double>{1, 4, 7});

  EXPECT_DOUBLE_EQ(falling.slope, 0);
  EXPECT_DOUBLE_EQ(falling.constant, 2);
  EXPECT_DOUBLE_EQ(steep.constant, 0);
  EXPECT_DOUBLE_EQ(steep.slope, 2);
}

std::vector<double> ones(std::size_t count) { return std::vector<double>(count, 1.0); }

TEST(RobustSpread, FindsThatOfALogNormalWithoutBias) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal(0, 0.2);
  std::vector<double> ratios(20000);
  for (double& ratio : ratios) ratio = std::exp(normal(random));

  const Spread spread = robust_spread(ratios, ones(ratios.size()));

  EXPECT_NEAR(spread.variation, std::sqrt(std::exp(0.04) - 1), 0.01);
  EXPECT_NEAR(spread.bias, 1, 0.01);
}

// Nine in ten at 1 +- 1 %, one in ten at 1.03: their sum is more than ten times their median.
TEST(RobustSpread, TellsWhatALongerTailAddsToSums) {
  std::vector<double> ratios;
  for (int i = 0; i < 1000; ++i) {
    ratios.push_back(i % 10 == 0 ? 1.03 : 1 + 0.01 * ((i % 9) - 4) / 4.0);
  }
  double sum = 0;
  for (const double ratio : ratios) sum += ratio;

  EXPECT_NEAR(robust_spread(ratios, ones(ratios.size())).bias, sum / 1000, 0.002);
}

TEST(RobustSpread, ShrugsOffWhatIsFarOut) {
  std::vector<double> ratios;
  for (int i = 0; i < 1000; ++i) {
    ratios.push_back(i % 20 == 0 ? 1000 : 1 + 0.01 * ((i % 9) - 4) / 4.0);
  }

  EXPECT_LT(robust_spread(ratios, ones(ratios.size())).bias, 1.01);
}

}  // namespace
}  // namespace mk
