#include <cmath>
#include <limits>

#include "gpu_backend/host/bodies/paired_rows.h"
#include "tests/gpu_backend/host/bodies/kernel_values.h"

namespace mk {
namespace {

using kernel_test::EachIsa;
using kernel_test::numbers;
using kernel_test::widen;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

using SmallKernels = EachIsa;
INSTANTIATE_TEST_SUITE_P(, SmallKernels, testing::ValuesIn(supported_isas()),
                         kernel_test::isa_name);

template <typename W>
void expect_rows_of_table(const Kernels& kernels) {
  constexpr std::int64_t kLength = 77;
  const std::vector<W> table = numbers<W>(5 * kLength, 1);
  std::vector<W> stored = table;
  if constexpr (std::is_same_v<W, Bf16>) {
    for (std::int64_t r = 0; r < 5; ++r) pair_row(stored.data() + r * kLength, kLength);
  }
  const std::vector<std::int32_t> ids = {4, 0, 4};
  std::vector<float> y(3 * 40, kNan);
  kernels.of<W>().embedding({.table = stored.data(),
                             .ids = ids.data(),
                             .y = y.data(),
                             .row_length = kLength,
                             .column = 30,
                             .y_stride = 40,
                             .width = 37,
                             .tokens = 3});
  for (std::size_t t = 0; t < 3; ++t) {
    for (std::size_t i = 0; i < 37; ++i) {
      EXPECT_EQ(y[t * 40 + i], widen(table[static_cast<std::size_t>(ids[t]) * kLength + 30 + i]));
    }
    EXPECT_TRUE(std::isnan(y[t * 40 + 37]));
  }
}

TEST_P(SmallKernels, EmbeddingCopiesTheRowsOfTheIds) {
  expect_rows_of_table<Bf16>(kernels());
  expect_rows_of_table<float>(kernels());
}

template <typename W>
void expect_normed(const Kernels& kernels, std::size_t width) {
  const auto count = static_cast<std::int64_t>(width);
  const std::vector<float> x = numbers(2 * count, 1);
  const std::vector<W> weight = numbers<W>(count, 2);
  std::vector<float> y(2 * width);
  kernels.of<W>().rms_norm({.x = x.data(),
                            .weight = weight.data(),
                            .y = y.data(),
                            .x_stride = count,
                            .y_stride = count,
                            .width = count,
                            .tokens = 2,
                            .epsilon = 1e-5F});
  for (std::size_t t = 0; t < 2; ++t) {
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i) squares += std::pow(double{x[t * width + i]}, 2);
    const double scale = 1 / std::sqrt(squares / static_cast<double>(width) + 1e-5);
    for (std::size_t i = 0; i < width; ++i) {
      ASSERT_NEAR(y[t * width + i], x[t * width + i] * scale * widen(weight[i]), 2e-6);
    }
  }
}

TEST_P(SmallKernels, RmsNormDividesByTheRootOfTheMeanSquare) {
  for (const std::size_t width : {3, 64, 100, 576}) {
    expect_normed<Bf16>(kernels(), width);
    expect_normed<float>(kernels(), width);
  }
}

TEST_P(SmallKernels, SiluMulTakesGateAndUpInTurn) {
  const std::vector<float> pairs = numbers(2 * 2 * 37, 1);
  std::vector<float> y(2 * 37);

  kernels().silu_mul({.gate_up = pairs.data(),
                      .y = y.data(),
                      .gate_up_stride = 2 * 37,
                      .y_stride = 37,
                      .width = 37,
                      .tokens = 2});

  for (std::size_t i = 0; i < y.size(); ++i) {
    const double gate = pairs[2 * i];
    EXPECT_NEAR(y[i], gate / (1 + std::exp(-gate)) * pairs[2 * i + 1], 1e-6);
  }
}

TEST_P(SmallKernels, SiluHasItsLimitsFarFromZero) {
  const std::vector<float> pairs = {100, 1, -100, 1, 1e30F, 1, -1e30F, 1, 20, 1, -20, 1, kNan, 1};
  std::vector<float> y(7);

  kernels().silu_mul({.gate_up = pairs.data(), .y = y.data(), .width = 7, .tokens = 1});

  EXPECT_EQ(y[0], 100);
  EXPECT_NEAR(y[1], 0, 1e-30);
  EXPECT_EQ(y[2], 1e30F);
  EXPECT_NEAR(y[4], 20 / (1 + std::exp(-20.0)), 2e-6);
  EXPECT_NEAR(y[5], -20 / (1 + std::exp(20.0)), 1e-13);
  EXPECT_TRUE(std::isnan(y[6]));
}

TEST_P(SmallKernels, SiluGivesAnElementTheSameBitsWhereverASliceEnds) {
  const std::vector<float> pairs = numbers(2 * 50, 1);
  std::vector<float> whole(50);
  kernels().silu_mul({.gate_up = pairs.data(), .y = whole.data(), .width = 50, .tokens = 1});

  for (std::int64_t i = 0; i < 50; ++i) {
    float one = kNan;
    kernels().silu_mul({.gate_up = pairs.data() + 2 * i, .y = &one, .width = 1, .tokens = 1});
    EXPECT_EQ(one, whole[static_cast<std::size_t>(i)]);
  }
}

TEST_P(SmallKernels, LargestIsTheFirstOfEquals) {
  std::vector<float> values = numbers(103, 1);
  for (const std::size_t at : {97, 60, 5}) {
    values[at] = 2;
    const Largest found = kernels().largest(values.data(), 103);
    EXPECT_EQ(found.value, 2);
    EXPECT_EQ(found.index, static_cast<std::int32_t>(at));
  }
}

TEST_P(SmallKernels, LargestPassesOverNan) {
  const std::vector<float> values = {kNan, -3, kNan, -2, kNan};

  EXPECT_EQ(kernels().largest(values.data(), 5).index, 3);
}

TEST_P(SmallKernels, LargestOfNothingIsMinusInfinity) {
  const std::vector<float> values = {kNan, kNan};

  for (const std::int64_t count : {0, 2}) {
    EXPECT_EQ(kernels().largest(values.data(), count).value, -kInfinity);
    EXPECT_EQ(kernels().largest(values.data(), count).index, 0);
  }
}

}  // namespace
}  // namespace mk
