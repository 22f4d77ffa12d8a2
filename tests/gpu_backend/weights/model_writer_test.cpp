#include "gpu_backend/weights/model_writer.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <string>

#include "gpu_backend/weights/safetensors.h"
#include "gpu_backend/weights/weight_source.h"
#include "tests/gpu_backend/weights/temporary_folder.h"

namespace mk {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<TensorSpec> kSpecs = {
    {.name = "model.embed_tokens.weight", .type = ElementType::kBf16, .shape = {300, 64}},
    {.name = "model.norm.weight", .type = ElementType::kBf16, .shape = {64}}};

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> files_in(const fs::path& folder) {
  return {fs::directory_iterator(folder), fs::directory_iterator()};
}

TEST(SafetensorsWriter, WritesWhatTheReaderReads) {
  const TemporaryFolder folder;
  const std::vector<TensorSpec> specs = {{.name = "z", .type = ElementType::kF32, .shape = {2}},
                                         {.name = "a", .type = ElementType::kF16, .shape = {}}};
  Result<SafetensorsWriter> writer =
      SafetensorsWriter::create(folder.path() / "x.safetensors", specs, {{"key", "value"}});
  ASSERT_TRUE(writer.has_value());
  const std::string data = "0123456789";
  ASSERT_TRUE(writer->append(std::as_bytes(std::span(data.data(), 3))).has_value());
  ASSERT_TRUE(writer->append(std::as_bytes(std::span(data.data() + 3, 7))).has_value());
  ASSERT_TRUE(writer->commit().has_value());

  const Result<Safetensors> file = Safetensors::open(folder.path() / "x.safetensors");

  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->find("z")->spec, specs[0]);
  EXPECT_EQ(file->find("a")->spec, specs[1]);
  EXPECT_EQ(std::to_integer<char>(file->find("a")->bytes[1]), '9');
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file->find("z")->bytes.data()) % 64, 0u);
}

TEST(SafetensorsWriter, LeavesNothingBehindWithoutCommit) {
  const TemporaryFolder folder;
  {
    Result<SafetensorsWriter> writer =
        SafetensorsWriter::create(folder.path() / "x.safetensors", kSpecs);
    ASSERT_TRUE(writer.has_value());
    EXPECT_EQ(files_in(folder.path()).size(), 1u);  // the temporary one
    EXPECT_FALSE(fs::exists(folder.path() / "x.safetensors"));
  }
  EXPECT_THAT(files_in(folder.path()), IsEmpty());
}

TEST(SafetensorsWriter, NamesTheFileThatCannotBeWritten) {
  const Result<SafetensorsWriter> writer = SafetensorsWriter::create("/dev/null/x", kSpecs);

  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().code, ErrorCode::kIo);
  EXPECT_THAT(writer.error().message, HasSubstr("/dev/null/x"));
}

TEST(SyntheticModel, HoldsTheVeryWeightsOfTheSyntheticSource) {
  const TemporaryFolder folder;
  const Result<Bytes> bytes = write_synthetic_model(folder.path() / "new", "{}\n", kSpecs, 7);
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
  const Result<WeightProvider> written = WeightProvider::open(folder.path() / "new");
  ASSERT_TRUE(written.has_value()) << written.error().message;

  for (const TensorSpec& spec : kSpecs) {
    std::vector<float> from_file(static_cast<std::size_t>(element_count(spec)));
    std::vector<float> made(from_file.size());
    written->tensor(spec)->read(0, from_file);
    WeightProvider::synthetic(7).tensor(spec)->read(0, made);
    EXPECT_EQ(from_file, made) << spec.name;
  }
  EXPECT_EQ(read(folder.path() / "new" / "config.json"), "{}\n");
}

TEST(SyntheticModel, CountsTheBytesThatItWrote) {
  const TemporaryFolder folder;
  Bytes last_done;
  Bytes last_total;

  const Result<Bytes> bytes =
      write_synthetic_model(folder.path(), "{}", kSpecs, 7, [&](Bytes done, Bytes total) {
        last_done = done;
        last_total = total;
      });

  ASSERT_TRUE(bytes.has_value());
  EXPECT_EQ(bytes->value,
            static_cast<std::int64_t>(fs::file_size(folder.path() / "model.safetensors") + 2));
  EXPECT_EQ(last_done.value, 301 * 64 * 2);
  EXPECT_EQ(last_total, last_done);
}

TEST(SyntheticModel, IsTheSameFileForTheSameSeedOnly) {
  const TemporaryFolder folder;
  for (const auto& [name, seed] : {std::pair{"a", 1}, {"b", 1}, {"c", 2}}) {
    ASSERT_TRUE(write_synthetic_model(folder.path() / name, "{}", kSpecs,
                                      static_cast<std::uint64_t>(seed)));
  }
  const std::string a = read(folder.path() / "a" / "model.safetensors");

  EXPECT_EQ(a, read(folder.path() / "b" / "model.safetensors"));
  EXPECT_NE(a, read(folder.path() / "c" / "model.safetensors"));
}

}  // namespace
}  // namespace mk
