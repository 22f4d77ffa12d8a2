#include "profiler/analysis/iteration_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace mk {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// A trace of nothing but iterations of these lengths, in us.
Trace iterations(const std::vector<double>& lengths) {
  Trace trace;
  Nanoseconds at = 0;
  for (const double us : lengths) {
    const auto length = static_cast<Nanoseconds>(us * 1000);
    trace.iterations.push_back({0, at, at + length, {}});
    at += length;
  }
  return trace;
}

TEST(IterationHistory, FindsWhereTheRunBecameSteady) {
  const IterationHistory h =
      iteration_history(iterations({900, 200, 101, 100, 99, 100, 101, 100, 99, 100}));

  EXPECT_EQ(h.steady_from, 2U);
  EXPECT_DOUBLE_EQ(h.median_us, 100);
  EXPECT_THAT(h.outliers, SizeIs(0));
  EXPECT_LT(h.spread, 0.02);
}

TEST(IterationHistory, NamesOutliersThatDoNotMoveTheRest) {
  const IterationHistory h =
      iteration_history(iterations({100, 101, 99, 100, 150, 100, 99, 101, 100, 100}));

  ASSERT_THAT(h.outliers, SizeIs(1));
  EXPECT_EQ(h.outliers[0].iteration, 4U);
  EXPECT_DOUBLE_EQ(h.outliers[0].excess, 0.5);
  EXPECT_NEAR(h.drift, 0, 1e-3);
  EXPECT_THAT(describe(h), HasSubstr("1 outliers (4: +50 %)"));
}

TEST(IterationHistory, FindsADriftThroughAnOutlier) {
  std::vector<double> lengths;
  for (int i = 0; i < 40; ++i) lengths.push_back(100 + 0.5 * i);
  lengths[10] = 400;

  const IterationHistory h = iteration_history(iterations(lengths));

  EXPECT_NEAR(h.drift * h.median_us, 0.5, 0.01);
}

TEST(IterationHistory, OfOneOrNoIterationIsThatOne) {
  EXPECT_EQ(describe(iteration_history(Trace{})), "no iterations");
  const IterationHistory one = iteration_history(iterations({50}));
  EXPECT_EQ(one.steady_from, 0U);
  EXPECT_DOUBLE_EQ(one.median_us, 50);
}

}  // namespace
}  // namespace mk
