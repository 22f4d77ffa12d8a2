#include "gpu_backend/weights/element_types.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace mk {
namespace {

// By the definition of IEEE 754 binary16, one value at a time.
double value_of_half(std::uint16_t half) {
  const int exponent = half >> 10 & 0x1f;
  const int fraction = half & 0x3ff;
  const double sign = half & 0x8000 ? -1.0 : 1.0;
  if (exponent == 31) return fraction ? std::nan("") : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(ElementTypes, ConvertEveryHalfExactly) {
  std::vector<std::uint16_t> halves(65536);
  std::iota(halves.begin(), halves.end(), std::uint16_t{0});
  std::vector<float> floats(halves.size());

  convert_to_float(ElementType::kF16, std::as_bytes(std::span(halves)), floats);

  for (std::size_t i = 0; i < halves.size(); ++i) {
    const double expected = value_of_half(halves[i]);
    ASSERT_EQ(std::isnan(floats[i]), std::isnan(expected)) << i;
    if (!std::isnan(expected)) {
      ASSERT_EQ(static_cast<double>(floats[i]), expected) << i;
      ASSERT_EQ(std::signbit(floats[i]), std::signbit(expected)) << i;
    }
  }
}

TEST(ElementTypes, RoundToTheNearestBf16AndTiesToEven) {
  EXPECT_EQ(float_to_bf16(1.0f), 0x3f80);
  EXPECT_EQ(float_to_bf16(std::bit_cast<float>(0x3f808000u)), 0x3f80);  // tie, even below
  EXPECT_EQ(float_to_bf16(std::bit_cast<float>(0x3f818000u)), 0x3f82);  // tie, even above
  EXPECT_EQ(float_to_bf16(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(float_to_bf16(std::bit_cast<float>(0x3f817fffu)), 0x3f81);
  EXPECT_EQ(float_to_bf16(-0.0f), 0x8000);
  EXPECT_EQ(float_to_bf16(std::numeric_limits<float>::max()), 0x7f80);  // rounds to infinity
}

TEST(ElementTypes, KeepNanANanAndInfinityAnInfinity) {
  EXPECT_EQ(float_to_bf16(INFINITY), 0x7f80);
  EXPECT_EQ(float_to_bf16(-INFINITY), 0xff80);
  for (const std::uint32_t bits : {0x7f800001u, 0x7fffffffu, 0xffc00000u, 0xffffffffu}) {
    EXPECT_TRUE(std::isnan(bf16_to_float(float_to_bf16(std::bit_cast<float>(bits))))) << bits;
  }
}

TEST(ElementTypes, EveryBf16ComesBackFromFloatUnchanged) {
  std::vector<std::uint16_t> values(0xff80);  // up to negative infinity, without the NaNs behind it
  std::iota(values.begin(), values.end(), std::uint16_t{0});
  std::erase_if(values, [](std::uint16_t v) { return (v & 0x7fff) > 0x7f80; });
  std::vector<float> floats(values.size());
  std::vector<std::uint16_t> back(values.size());

  convert_to_float(ElementType::kBf16, std::as_bytes(std::span(values)), floats);
  convert_to_bf16(floats, back);

  EXPECT_EQ(back, values);
}

TEST(ElementTypes, ReadSourcesAtAnyAddress) {
  std::vector<std::byte> bytes(4 * 4 + 1);
  const std::vector<float> values = {1.5f, -2.0f, 0.0f, 3e38f};
  for (std::size_t i = 0; i < 16; ++i) bytes[i + 1] = std::as_bytes(std::span(values))[i];
  std::vector<float> floats(4);

  convert_to_float(ElementType::kF32, std::span(bytes).subspan(1), floats);

  EXPECT_EQ(floats, values);
}

}  // namespace
}  // namespace mk
