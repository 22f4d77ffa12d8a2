#include "gpu_backend/weights/safetensors.h"

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "tests/gpu_backend/weights/temporary_folder.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The bytes of a file with that header and `data_bytes` bytes 0, 1, 2, ... of data.
std::string file_bytes(std::string_view header, std::size_t data_bytes) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  bytes += header;
  for (std::size_t i = 0; i < data_bytes; ++i) bytes += static_cast<char>(i);
  return bytes;
}

const std::string kTwoTensors =
    R"({"b":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("a":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"__metadata__":{"format":"pt"}})";

std::vector<std::string> names(const Safetensors& file) {
  std::vector<std::string> result;
  for (const TensorView& tensor : file.tensors()) result.push_back(tensor.spec.name);
  return result;
}

// The message with which a file of these bytes is refused; empty where it is not.
std::string refusal(std::string_view bytes) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.write("model.safetensors", bytes);
  const Result<Safetensors> opened = Safetensors::open(path);
  if (opened) return "";
  EXPECT_THAT(opened.error().message, HasSubstr(path.string()));
  return opened.error().message;
}

std::string refusal_of_header(std::string_view header, std::size_t data_bytes) {
  return refusal(file_bytes(header, data_bytes));
}

TEST(Safetensors, ListsTensorsByNameWithTheirTypesShapesAndBytes) {
  const TemporaryFolder folder;
  const auto path = folder.write("x.safetensors", file_bytes(kTwoTensors, 32));

  const Result<Safetensors> file = Safetensors::open(path);

  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_THAT(names(*file), ElementsAre("a", "b"));
  const TensorView* a = file->find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->spec, (TensorSpec{.name = "a", .type = ElementType::kBf16, .shape = {4}}));
  ASSERT_EQ(a->bytes.size(), 8u);
  EXPECT_EQ(std::to_integer<int>(a->bytes[0]), 24);
  EXPECT_THAT(file->find("b")->spec.shape, ElementsAre(2, 3));
  EXPECT_EQ(file->find("c"), nullptr);
}

TEST(Safetensors, ViewsOutliveAMoveOfTheFile) {
  const TemporaryFolder folder;
  Result<Safetensors> file =
      Safetensors::open(folder.write("x.safetensors", file_bytes(kTwoTensors, 32)));
  ASSERT_TRUE(file.has_value());
  const TensorView view = *file->find("b");

  const Safetensors moved = std::move(*file);

  EXPECT_EQ(moved.find("b")->bytes.data(), view.bytes.data());
  EXPECT_EQ(std::to_integer<int>(view.bytes[23]), 23);
}

TEST(Safetensors, OpensAFolderWithOneFile) {
  const TemporaryFolder folder;
  folder.write("model.safetensors", file_bytes(kTwoTensors, 32));

  const Result<Safetensors> opened = Safetensors::open(folder.path());

  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->tensors().size(), 2u);
}

constexpr std::string_view kShardA = R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})";
constexpr std::string_view kShardB = R"({"b":{"dtype":"F16","shape":[],"data_offsets":[0,2]}})";

TEST(Safetensors, OpensAFolderOfShards) {
  const TemporaryFolder folder;
  folder.write("one.safetensors", file_bytes(kShardA, 4));
  folder.write("two.safetensors", file_bytes(kShardB, 2));
  folder.write("model.safetensors.index.json",
               R"({"weight_map":{"a":"one.safetensors","b":"two.safetensors"}})");

  const Result<Safetensors> opened = Safetensors::open(folder.path());

  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_THAT(names(*opened), ElementsAre("a", "b"));
}

std::string refusal_of_index(std::string_view index) {
  const TemporaryFolder folder;
  folder.write("one.safetensors", file_bytes(kShardA, 4));
  folder.write("two.safetensors", file_bytes(kShardB, 2));
  folder.write("model.safetensors.index.json", index);
  const Result<Safetensors> opened = Safetensors::open(folder.path());
  return opened ? "" : opened.error().message;
}

TEST(Safetensors, RefusesAnIndexThatDisagreesWithItsShards) {
  EXPECT_THAT(refusal_of_index("{"), HasSubstr("index.json: no JSON object"));
  EXPECT_THAT(refusal_of_index("{}"), HasSubstr("weight_map"));
  EXPECT_THAT(refusal_of_index(R"({"weight_map":{"a":"../one.safetensors"}})"),
              HasSubstr("no plain file name"));
  EXPECT_THAT(refusal_of_index(R"({"weight_map":{"a":"one.safetensors","b":"one.safetensors"}})"),
              HasSubstr("tensor b is not in one.safetensors"));
  EXPECT_THAT(refusal_of_index(R"({"weight_map":{"b":"one.safetensors"}})"),
              HasSubstr("tensor a is in one.safetensors, but not so in the index"));
  EXPECT_THAT(refusal_of_index(R"({"weight_map":{"a":"gone.safetensors"}})"),
              HasSubstr("gone.safetensors: cannot open"));
}

TEST(Safetensors, SaysWhatAFolderWithoutWeightsLacks) {
  const TemporaryFolder folder;

  const Result<Safetensors> opened = Safetensors::open(folder.path());

  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(opened.error().message, HasSubstr("model.safetensors.index.json"));
}

TEST(Safetensors, RefusesFilesThatAreTruncatedAnywhere) {
  const std::string whole = file_bytes(kTwoTensors, 32);
  EXPECT_EQ(refusal(whole), "");
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    ASSERT_THAT(refusal(whole.substr(0, bytes)), HasSubstr("truncated")) << bytes;
  }
}

TEST(Safetensors, RefusesAnAbsurdHeaderLength) {
  EXPECT_THAT(refusal(std::string(16, '\xff')),
              HasSubstr("header would have 18446744073709551615"));
}

TEST(Safetensors, RefusesHeadersThatAreNoProperJson) {
  EXPECT_THAT(refusal_of_header("{\"a\":", 0), HasSubstr("no JSON"));
  EXPECT_THAT(refusal_of_header("[]", 0), HasSubstr("no JSON object"));
  EXPECT_THAT(refusal_of_header(R"({"a":3})", 0), HasSubstr("tensor a"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4),
              HasSubstr("tensor a: has no text \"dtype\""));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4),
              HasSubstr("tensor a: \"shape\""));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}})", 4),
              HasSubstr("tensor a: \"data_offsets\""));
  EXPECT_THAT(refusal_of_header(R"({"__metadata__":{"a":1}})", 0), HasSubstr("__metadata__: a"));
}

TEST(Safetensors, RefusesATensorThatStandsTwice) {
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                8),
              HasSubstr("tensor a: stands twice"));
}

TEST(Safetensors, RefusesSizesThatDoNotFitTheShape) {
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4),
              HasSubstr("tensor a: F32 [2] does not take the 4 bytes"));
  EXPECT_THAT(
      refusal_of_header(
          R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0),
      HasSubstr("tensor a"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}})", 8),
              HasSubstr("no begin and end"));
}

TEST(Safetensors, RefusesOverlapsAndBytesThatBelongToNoTensor) {
  const std::string a = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)";
  EXPECT_THAT(refusal_of_header(a + R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})", 6),
              HasSubstr("tensor b: overlaps"));
  EXPECT_THAT(
      refusal_of_header(a + R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})", 12),
      HasSubstr("tensor b: 4 bytes before it belong to no tensor"));
  EXPECT_THAT(refusal_of_header(a + R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 9),
              HasSubstr("1 bytes at its end belong to no tensor"));
}

TEST(Safetensors, NamesTheElementTypeThatItCannotRead) {
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", 4),
              HasSubstr("tensor a: dtype F8_E4M3: only BF16, F16 and F32 are read"));
}

}  // namespace
}  // namespace mk
