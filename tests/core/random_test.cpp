#include "core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace mk {
namespace {

TEST(Random, GivesEachKeyItsOwnBits) {
  std::set<std::uint64_t> seen;
  for (std::uint32_t seed = 0; seed < 8; ++seed) {
    for (std::uint32_t iteration = 0; iteration < 8; ++iteration) {
      for (std::uint32_t index = 0; index < 64; ++index) {
        for (std::uint32_t stream = 0; stream < 4; ++stream) {
          seen.insert(random_bits(seed, iteration, index, stream));
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), 8U * 8U * 64U * 4U);
}

TEST(Random, UniformHasTheMomentsOfTheUnitInterval) {
  double sum = 0;
  double squares = 0;
  constexpr std::uint32_t kDraws = 100'000;
  for (std::uint32_t i = 0; i < kDraws; ++i) {
    const double u = uniform_of(random_bits(7, 1, i, 0));
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.005);
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 0.005);
}

TEST(Random, NormalQuantileInvertsTheErrorFunction) {
  for (const double p : {0.0005, 0.01, 0.2, 0.5, 0.77, 0.975, 0.9995}) {
    EXPECT_NEAR(0.5 * std::erfc(-normal_quantile(p) / std::sqrt(2.0)), p, 1e-9) << p;
  }
}

TEST(Random, ExponentialEqualsTheLibrarysOne) {
  for (const double x : {-20.0, -1.0, -1e-9, 0.0, 0.3, 2.0, 50.0}) {
    EXPECT_NEAR(exponential(x) / std::exp(x), 1, 4e-15) << x;
  }
}

TEST(LogNormal, HasTheSpreadAndTheMedianAskedFor) {
  const LogNormal distribution(0.2);
  double sum = 0;
  double squares = 0;
  for (std::uint64_t i = 0; i < 1024; ++i) {
    sum += distribution.factor(i);
    squares += distribution.factor(i) * distribution.factor(i);
  }
  const double mean = sum / 1024;
  EXPECT_NEAR(std::sqrt(squares / 1024 - mean * mean) / mean, 0.2, 0.003);
  EXPECT_NEAR(std::sqrt(distribution.factor(511) * distribution.factor(512)), 1, 1e-9);
}

TEST(LogNormal, WithoutSpreadIsAlwaysOne) {
  const LogNormal distribution(0);
  for (std::uint64_t i = 0; i < 1024; ++i) EXPECT_EQ(distribution.factor(i), 1.0);
}

}  // namespace
}  // namespace mk
