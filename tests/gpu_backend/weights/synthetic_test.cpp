#include "gpu_backend/weights/synthetic.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "gpu_backend/weights/element_types.h"
#include "tests/support/source_dir.h"

namespace mk {
namespace {

using ::testing::ElementsAre;

const TensorSpec kUp{.name = "model.layers.0.mlp.up_proj.weight", .shape = {1536, 576}};
const TensorSpec kNorm{.name = "model.layers.3.input_layernorm.weight", .shape = {576}};

std::vector<std::uint16_t> bits_of(const TensorSpec& spec, std::uint64_t seed, std::uint64_t first,
                                   std::size_t count) {
  std::vector<std::uint16_t> bits(count);
  fill_synthetic(make_synthetic_tensor(seed, spec), first, bits);
  return bits;
}

// What synthetic_reference.py, written from the header alone, prints. Empty where there is no
// python3.
std::string output_of_reference(const TensorSpec& spec, std::uint64_t seed, std::uint64_t first,
                                std::size_t count) {
  const std::string command =
      fmt::format("python3 '{}/tests/gpu_backend/weights/synthetic_reference.py' {} {} {} {} {}",
                  source_dir(), spec.name, spec.shape.back(), seed, first, count);
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  ::pclose(pipe);
  return output;
}

TEST(Synthetic, GivesTheSameBitsForever) {
  EXPECT_THAT(bits_of(kUp, 1, 0, 6), ElementsAre(0x3d5f, 0xbd37, 0x3d5f, 0xbd36, 0xbd43, 0xbcdb));
  EXPECT_THAT(bits_of(kUp, 1, (std::uint64_t{1} << 32) - 2, 4),
              ElementsAre(0xbcb4, 0x3d06, 0xbb2b, 0x3cc0));
  EXPECT_THAT(bits_of(kNorm, 42, 0, 4), ElementsAre(0x3f83, 0x3f7d, 0x3f40, 0x3f8f));
}

TEST(Synthetic, AgreesWithPythonWrittenFromTheHeader) {
  if (std::system("python3 -c pass") != 0) GTEST_SKIP() << "python3 is missing";
  for (const TensorSpec& spec : {kUp, kNorm}) {
    for (const std::uint64_t first : {std::uint64_t{0}, (std::uint64_t{7} << 32) - 500}) {
      std::string ours;
      for (const std::uint16_t bits : bits_of(spec, 0xfedcba9876543210u, first, 1000)) {
        ours += fmt::format("{:04x}\n", bits);
      }
      EXPECT_EQ(ours, output_of_reference(spec, 0xfedcba9876543210u, first, 1000)) << spec.name;
    }
  }
}

TEST(Synthetic, MakesARangeAsThePartOfTheWhole) {
  const std::vector<std::uint16_t> whole = bits_of(kUp, 5, 0, 1000);

  const std::vector<std::uint16_t> part = bits_of(kUp, 5, 333, 101);

  EXPECT_EQ(part, std::vector(whole.begin() + 333, whole.begin() + 434));
}

TEST(Synthetic, FloatsAreTheVeryBf16Numbers) {
  const std::vector<std::uint16_t> bits = bits_of(kUp, 5, 0, 500);
  std::vector<float> floats(500);

  fill_synthetic(make_synthetic_tensor(5, kUp), 0, floats);

  for (std::size_t i = 0; i < bits.size(); ++i) ASSERT_EQ(floats[i], bf16_to_float(bits[i]));
}

TEST(Synthetic, HasMeanZeroAndVarianceOneOverTheLastDimension) {
  std::vector<float> values(1536 * 576);
  fill_synthetic(make_synthetic_tensor(3, kUp), 0, values);
  double sum = 0;
  double squares = 0;
  for (const float value : values) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const auto count = static_cast<double>(values.size());

  // Five standard errors of each estimate: 1/sqrt(576 n) and, for a uniform variable, sqrt(0.8 / n)
  // of the variance.
  EXPECT_NEAR(sum / count, 0, 5 / std::sqrt(576 * count));
  EXPECT_NEAR(squares / count * 576, 1, 5 * std::sqrt(0.8 / count));
}

TEST(Synthetic, KeepsNormWeightsAroundOne) {
  std::vector<float> values(576);
  fill_synthetic(make_synthetic_tensor(3, kNorm), 0, values);

  EXPECT_THAT(values,
              ::testing::Each(::testing::AllOf(::testing::Ge(0.75f), ::testing::Le(1.25f))));
  EXPECT_GT(std::set(values.begin(), values.end()).size(), 50u);
}

// Two streams that share values in another order would make layers alike: no shift or XOR of the
// index may map one to another.
TEST(Synthetic, TensorsAndSeedsHaveUnrelatedStreams) {
  TensorSpec other = kUp;
  other.name = "model.layers.1.mlp.up_proj.weight";
  const std::vector<std::uint16_t> base = bits_of(kUp, 1, 0, 4096);
  for (const auto& stream : {bits_of(other, 1, 0, 4096), bits_of(kUp, 2, 0, 4096)}) {
    double products = 0;
    for (std::size_t i = 0; i < base.size(); ++i) {
      products += static_cast<double>(bf16_to_float(base[i])) * bf16_to_float(stream[i]) * 576;
    }
    EXPECT_NEAR(products / 4096, 0, 5 / std::sqrt(4096.0));
  }
}

}  // namespace
}  // namespace mk
