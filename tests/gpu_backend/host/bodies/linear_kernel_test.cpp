#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "gpu_backend/host/bodies/paired_rows.h"
#include "tests/gpu_backend/host/bodies/kernel_values.h"

namespace mk {
namespace {

using kernel_test::EachIsa;
using kernel_test::numbers;
using kernel_test::widen;
using testing::ElementsAreArray;

struct Shape2 {
  std::int64_t in;
  std::int64_t rows;
  std::int64_t tokens;
};

// Takes the weights in their natural order.
template <typename W>
std::vector<float> linear(const Kernels& kernels, const Shape2& shape, std::vector<W> w,
                          const std::vector<float>& x, const float* residual,
                          const void* next = nullptr) {
  std::vector<float> y(static_cast<std::size_t>(shape.tokens * shape.rows));
  if constexpr (std::is_same_v<W, Bf16>) {
    for (std::int64_t r = 0; r < shape.rows; ++r) pair_row(w.data() + r * shape.in, shape.in);
  }
  kernels.of<W>().linear({.weights = w.data(),
                          .x = x.data(),
                          .residual = residual,
                          .y = y.data(),
                          .x_stride = shape.in,
                          .y_stride = shape.rows,
                          .in = shape.in,
                          .rows = shape.rows,
                          .tokens = shape.tokens,
                          .next = next});
  return y;
}

template <typename W>
void expect_close_to_naive(const Kernels& kernels, const Shape2& shape, bool with_residual) {
  const std::vector<W> w = numbers<W>(shape.rows * shape.in, 1);
  const std::vector<float> x = numbers(shape.tokens * shape.in, 2);
  const std::vector<float> residual = numbers(shape.tokens * shape.rows, 3);
  const std::vector<float> y =
      linear(kernels, shape, w, x, with_residual ? residual.data() : nullptr);
  for (std::int64_t t = 0; t < shape.tokens; ++t) {
    for (std::int64_t r = 0; r < shape.rows; ++r) {
      const auto at = static_cast<std::size_t>(t * shape.rows + r);
      double sum = with_residual ? residual[at] : 0.0;
      for (std::int64_t i = 0; i < shape.in; ++i) {
        sum += static_cast<double>(widen(w[static_cast<std::size_t>(r * shape.in + i)])) *
               x[static_cast<std::size_t>(t * shape.in + i)];
      }
      ASSERT_NEAR(y[at], sum, 1e-6 * std::sqrt(static_cast<double>(shape.in)) + 1e-6)
          << "token " << t << " row " << r << " of in " << shape.in;
    }
  }
}

using LinearKernel = EachIsa;
INSTANTIATE_TEST_SUITE_P(, LinearKernel, testing::ValuesIn(supported_isas()),
                         kernel_test::isa_name);

TEST_P(LinearKernel, EqualsTheNaiveSumForEveryLengthAndNumberOfTokens) {
  for (const std::int64_t in : {1, 7, 16, 63, 64, 65, 200, 576}) {
    for (const std::int64_t tokens : {1, 2, 3, 4, 5, 9}) {
      expect_close_to_naive<Bf16>(kernels(), {in, 3, tokens}, false);
      expect_close_to_naive<float>(kernels(), {in, 3, tokens}, false);
    }
  }
}

TEST_P(LinearKernel, SumsBf16InTheOrderOfF32) {
  for (const std::int64_t in : {7, 16, 31, 32, 48, 64, 95, 96, 127, 200, 576}) {
    const std::vector<Bf16> narrow = numbers<Bf16>(3 * in, 1);
    std::vector<float> wide;
    for (const Bf16 w : narrow) wide.push_back(widen(w));
    const std::vector<float> x = numbers(5 * in, 2);
    EXPECT_EQ(linear(kernels(), {in, 3, 5}, narrow, x, nullptr),
              linear(kernels(), {in, 3, 5}, wide, x, nullptr))
        << in;
  }
}

TEST_P(LinearKernel, AddsTheResidual) {
  expect_close_to_naive<Bf16>(kernels(), {96, 5, 3}, true);
  expect_close_to_naive<float>(kernels(), {96, 5, 3}, true);
}

TEST_P(LinearKernel, GivesARowTheSameBitsWhateverTheOtherTokensAre) {
  const std::int64_t in = 173;
  const std::vector<Bf16> w = numbers<Bf16>(4 * in, 1);
  const std::vector<float> x = numbers(7 * in, 2);
  const std::vector<float> together = linear(kernels(), {in, 4, 7}, w, x, nullptr);

  for (std::int64_t t = 0; t < 7; ++t) {
    const std::vector<float> one(x.begin() + t * in, x.begin() + (t + 1) * in);
    const std::vector<float> alone = linear(kernels(), {in, 4, 1}, w, one, nullptr);
    EXPECT_THAT(alone, ElementsAreArray(together.begin() + t * 4, together.begin() + (t + 1) * 4));
  }
}

// Around kDistance of linear.inc: rows shorter and longer than it, fewer rows than it covers.
TEST_P(LinearKernel, GivesTheSameBitsWhateverTheThreadReadsNext) {
  for (const Shape2 shape : {Shape2{64, 2, 1}, {64, 300, 1}, {2048, 3, 1}, {5000, 2, 1}}) {
    const std::vector<Bf16> w = numbers<Bf16>(shape.in * shape.rows, 1);
    const std::vector<float> x = numbers(shape.in, 2);
    EXPECT_EQ(linear(kernels(), shape, w, x, nullptr),
              linear(kernels(), shape, w, x, nullptr, w.data()));
  }
}

TEST_P(LinearKernel, TouchesNothingButItsRowsOfTheOutput) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> w = numbers(2 * 70, 1);
  const std::vector<float> x = numbers(3 * 70, 2);
  std::vector<float> y(3 * 6, nan);

  kernels().f32.linear({.weights = w.data(),
                        .x = x.data(),
                        .y = y.data() + 2,
                        .x_stride = 70,
                        .y_stride = 6,
                        .in = 70,
                        .rows = 2,
                        .tokens = 3});

  for (std::size_t i = 0; i < y.size(); ++i) {
    const bool is_output = i % 6 == 2 || i % 6 == 3;
    EXPECT_EQ(std::isnan(y[i]), !is_output) << i;
  }
}

}  // namespace
}  // namespace mk
