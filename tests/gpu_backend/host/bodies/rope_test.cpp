#include "gpu_backend/host/bodies/rope.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mk {
namespace {

AttentionParams params(std::int64_t head_dim, double theta) {
  AttentionParams p;
  p.head_dim = head_dim;
  p.rope_theta = theta;
  return p;
}

TEST(Rope, TurnsTheFirstPairByOneRadianAPosition) {
  EXPECT_EQ(rope_frequency(params(64, 10000), 0), 1);
}

TEST(Rope, HasFrequenciesThatFallGeometrically) {
  const AttentionParams p = params(64, 10000);
  EXPECT_DOUBLE_EQ(rope_frequency(p, 16), 0.01);
  EXPECT_NEAR(rope_frequency(p, 31), std::pow(10000, -62.0 / 64), 1e-18);
}

// Llama-3.2-1B. Wavelengths below 8192 / 4 keep their frequency, those above 8192 turn 32 times
// slower, and those in between go smoothly from one to the other.
TEST(Rope, ScalesLowFrequenciesAsLlama3Does) {
  AttentionParams p = params(64, 500000);
  const AttentionParams plain = p;
  p.rope_scaling = RopeScaling{.factor = 32,
                               .low_frequency_factor = 1,
                               .high_frequency_factor = 4,
                               .original_context = 8192};
  EXPECT_EQ(rope_frequency(p, 0), rope_frequency(plain, 0));
  EXPECT_EQ(rope_frequency(p, 14), rope_frequency(plain, 14));
  EXPECT_DOUBLE_EQ(rope_frequency(p, 18), rope_frequency(plain, 18) / 32);
  EXPECT_DOUBLE_EQ(rope_frequency(p, 31), rope_frequency(plain, 31) / 32);
  for (std::int64_t i = 15; i < 18; ++i) {
    EXPECT_LT(rope_frequency(p, i), rope_frequency(plain, i));
    EXPECT_GT(rope_frequency(p, i), rope_frequency(plain, i) / 32);
  }
}

TEST(Rope, TableHoldsCosinesThenSinesOfEachPosition) {
  const std::vector<float> table = rope_table(params(4, 100), 6);

  ASSERT_EQ(table.size(), 24U);
  EXPECT_EQ(table[0], 1);
  EXPECT_EQ(table[2], 0);
  EXPECT_FLOAT_EQ(table[5 * 4 + 0], std::cos(5.0F));
  EXPECT_FLOAT_EQ(table[5 * 4 + 1], std::cos(0.5F));
  EXPECT_FLOAT_EQ(table[5 * 4 + 2], std::sin(5.0F));
  EXPECT_FLOAT_EQ(table[5 * 4 + 3], std::sin(0.5F));
}

}  // namespace
}  // namespace mk
