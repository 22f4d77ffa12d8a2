#include "gpu_backend/weights/weight_source.h"

#include <gmock/gmock.h>

#include <array>
#include <vector>

#include "gpu_backend/weights/model_writer.h"
#include "tests/gpu_backend/weights/temporary_folder.h"

namespace mk {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A folder with tensor "w", f32 [2, 3], of these values.
Result<WeightProvider> source_with(const TemporaryFolder& folder, std::array<float, 6> values) {
  const std::vector<TensorSpec> specs = {{.name = "w", .type = ElementType::kF32, .shape = {2, 3}}};
  Result<SafetensorsWriter> writer =
      SafetensorsWriter::create(folder.path() / "model.safetensors", specs);
  EXPECT_TRUE(writer.has_value());
  EXPECT_TRUE(writer->append(std::as_bytes(std::span(values))).has_value());
  EXPECT_TRUE(writer->commit().has_value());
  return WeightProvider::open(folder.path());
}

TEST(WeightProvider, ReadsAnyRangeAsFloatOrBf16) {
  const TemporaryFolder folder;
  const Result<WeightProvider> source = source_with(folder, {1, 2, 3, 4, 5, 6});
  ASSERT_TRUE(source.has_value()) << source.error().message;
  const Result<WeightTensor> tensor = source->tensor({.name = "w", .shape = {2, 3}});
  ASSERT_TRUE(tensor.has_value()) << tensor.error().message;

  std::array<float, 3> second_row{};
  tensor->read(3, second_row);
  std::array<std::uint16_t, 2> middle{};
  tensor->read(2, middle);

  EXPECT_THAT(second_row, ElementsAre(4, 5, 6));
  EXPECT_THAT(middle, ElementsAre(float_to_bf16(3), float_to_bf16(4)));
  EXPECT_EQ(tensor->spec().type, ElementType::kF32);
}

TEST(WeightProvider, TensorsOutliveTheMoveOfTheirSource) {
  const TemporaryFolder folder;
  Result<WeightProvider> source = source_with(folder, {1, 2, 3, 4, 5, 6});
  ASSERT_TRUE(source.has_value());
  const Result<WeightTensor> tensor = source->tensor({.name = "w", .shape = {2, 3}});

  const WeightProvider moved = std::move(*source);
  std::array<float, 1> last{};
  tensor->read(5, last);

  EXPECT_THAT(last, ElementsAre(6));
}

TEST(WeightProvider, NamesTheTensorThatIsMissing) {
  const TemporaryFolder folder;
  const Result<WeightProvider> source = source_with(folder, {});

  const Result<WeightTensor> tensor = source->tensor({.name = "lm_head.weight", .shape = {2, 3}});

  ASSERT_FALSE(tensor.has_value());
  EXPECT_EQ(tensor.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(tensor.error().message,
              AllOf(HasSubstr(folder.path().string()), HasSubstr("has no tensor lm_head.weight")));
}

TEST(WeightProvider, NamesBothShapesWhereTheyDiffer) {
  const TemporaryFolder folder;
  const Result<WeightProvider> source = source_with(folder, {});

  const Result<WeightTensor> tensor = source->tensor({.name = "w", .shape = {3, 2}});

  ASSERT_FALSE(tensor.has_value());
  EXPECT_THAT(tensor.error().message, HasSubstr("tensor w is [2, 3], the model needs [3, 2]"));
}

}  // namespace
}  // namespace mk
