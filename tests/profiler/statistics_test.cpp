#include "profiler/analysis/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace mk {
namespace {

TEST(Quantile, IsLinearBetweenNeighbours) {
  std::vector<double> values = {4, 1, 3, 2};

  EXPECT_DOUBLE_EQ(quantile(values, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile(values, 1), 4);
  EXPECT_DOUBLE_EQ(median({}), 0);
}

TEST(WeightedMedian, LeavesHalfOfTheWeightOnEachSide) {
  const std::vector<double> values = {10, 1, 5};

  EXPECT_DOUBLE_EQ(weighted_median(values, std::vector<double>{1, 1, 1}), 5);
  EXPECT_DOUBLE_EQ(weighted_median(values, std::vector<double>{5, 1, 1}), 10);
}

// tau-b by its definition, O(n^2).
double tau_by_pairs(const std::vector<double>& x, const std::vector<double>& y) {
  double agree = 0, only_x = 0, only_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double product = (x[i] - x[j]) * (y[i] - y[j]);
      agree += product > 0 ? 1 : product < 0 ? -1 : 0;
      only_x += x[i] != x[j] ? 1 : 0;
      only_y += y[i] != y[j] ? 1 : 0;
    }
  }
  return agree / std::sqrt(only_x * only_y);
}

TEST(KendallTau, AgreesWithItsDefinitionAlsoWithTies) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> x(2 + random() % 40), y(x.size());
    for (double& v : x) v = static_cast<double>(random() % 12);
    for (double& v : y) v = static_cast<double>(random() % 12);
    x[0] = y[0] = 100;  // never all ties

    ASSERT_NEAR(kendall_tau(x, y), tau_by_pairs(x, y), 1e-12);
  }
}

TEST(KendallTau, IsOneForTheSameOrderAndMinusOneForTheReverse) {
  const std::vector<double> up = {1, 2, 3, 4, 5};
  const std::vector<double> down = {5, 4, 3, 2, 1};

  EXPECT_DOUBLE_EQ(kendall_tau(up, up), 1);
  EXPECT_DOUBLE_EQ(kendall_tau(up, down), -1);
  EXPECT_DOUBLE_EQ(kendall_tau(up, std::vector<double>(5, 0)), 0);
}

}  // namespace
}  // namespace mk
