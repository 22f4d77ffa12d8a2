#include "core/task_graph_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <random>

#include "core/compiler.h"
#include "core/fnv.h"

namespace mk {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A name of its own for each test: CTest runs them side by side.
std::string path_of(const char* name) {
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return ::testing::TempDir() + "task_graph_file_" + test->name() + "_" + name;
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// A small model of both kinds: attention with scaling, experts.
TaskGraph compiled(const char* name, std::int64_t layers,
                   OperatorFusion fusion = OperatorFusion::kNone) {
  ModelConfig model = *load_model(name);
  model.layers = layers;
  const auto result = compile_model(model, {.batch_tokens = 2, .requests = 2}, {.fusion = fusion});
  EXPECT_TRUE(result) << result.error().message;
  return result->graph;
}

std::string small_file() {
  const std::string path = path_of("small.graph");
  const Status written = write_task_graph(compiled("smollm2-135m", 1), path);
  EXPECT_TRUE(written) << written.error().message;
  return read(path);
}

std::string message_for(const std::string& bytes) {
  const std::string path = path_of("broken.graph");
  write(path, bytes);
  const auto graph = read_task_graph(path);
  return graph ? std::string() : graph.error().message;
}

TEST(TaskGraphFile, ReadsBackEqual) {
  for (const auto& [name, fusion] : {std::pair("llama-3.2-1b", OperatorFusion::kNone),
                                     std::pair("llama-3.2-1b", OperatorFusion::kNormGated),
                                     std::pair("qwen3-30b-a3b", OperatorFusion::kNone)}) {
    const TaskGraph graph = compiled(name, 2, fusion);
    const std::string path = path_of("equal.graph");
    ASSERT_TRUE(write_task_graph(graph, path));
    const auto again = read_task_graph(path);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(*again == graph);
    EXPECT_EQ(again->hash(), graph.hash());
    EXPECT_TRUE(is_task_graph_file(path));
  }
}

// Files of this version are older than gated linears: a graph that has none is as it was.
TEST(TaskGraphFile, SaysThatALinearIsGatedOnlyWhereItIs) {
  const std::string plain = task_graph_bytes(compiled("smollm2-135m", 1, OperatorFusion::kNorm));
  const std::string gated =
      task_graph_bytes(compiled("smollm2-135m", 1, OperatorFusion::kNormGated));
  EXPECT_THAT(plain, Not(HasSubstr("\"gated\"")));
  EXPECT_THAT(gated, HasSubstr("\"gated\":true"));
  EXPECT_TRUE(task_graph_from(plain));
}

TEST(TaskGraphFile, ReadsAHandMadeGraphThatRepeatsATile) {
  TaskGraphBuilder builder({}, OperatorTiles::kAny);
  builder.add_operator({});
  builder.add_class({});
  const auto event = builder.add_event();
  for (int i = 0; i < 3; ++i) {
    TaskGraphBuilder::TaskSpec spec;
    spec.kind = TaskKind::kLinear;
    spec.triggering_event = event;
    builder.add_task(spec);
  }
  TaskGraphBuilder::TaskSpec last;
  last.dependent_event = event;
  builder.add_task(last);
  const auto graph = std::move(builder).build();
  ASSERT_TRUE(graph);
  const std::string path = path_of("hand_made.graph");
  ASSERT_TRUE(write_task_graph(*graph, path));
  const auto again = read_task_graph(path);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(*again == *graph);
}

TEST(TaskGraphFile, RefusesEveryTruncationAtABoundary) {
  const std::string bytes = small_file();
  const std::uint32_t header = static_cast<std::uint32_t>(
      static_cast<unsigned char>(bytes[12]) + 256 * static_cast<unsigned char>(bytes[13]) +
      65536 * static_cast<unsigned char>(bytes[14]));
  std::vector<std::size_t> ends{0, 1, 7, 8, 11, 12, 16, 23, 24, 25, 24 + header / 2};
  const std::size_t columns = bytes.size() - 24 - header;
  for (std::size_t part = 0; part < 64; ++part) ends.push_back(24 + header + columns * part / 64);
  ends.push_back(bytes.size() - 1);
  for (const std::size_t end : ends)
    EXPECT_THAT(message_for(bytes.substr(0, end)), HasSubstr("byte ")) << "first " << end;
}

TEST(TaskGraphFile, RefusesBytesAfterItsEnd) {
  EXPECT_THAT(message_for(small_file() + "x"), HasSubstr("checksum"));
}

TEST(TaskGraphFile, RefusesEveryFlippedBit) {
  const std::string bytes = small_file();
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    std::string broken = bytes;
    const std::size_t at = i < 192 ? static_cast<std::size_t>(i) / 8 : random() % bytes.size();
    broken[at] = static_cast<char>(broken[at] ^ (1 << (i % 8)));
    EXPECT_NE(message_for(broken), "") << "byte " << at << " bit " << i % 8;
  }
}

TEST(TaskGraphFile, NamesANewerVersion) {
  std::string bytes = small_file();
  bytes[8] = static_cast<char>(kTaskGraphFileVersion + 1);
  EXPECT_THAT(message_for(bytes),
              AllOf(HasSubstr("broken.graph"),
                    HasSubstr("version " + std::to_string(kTaskGraphFileVersion + 1)),
                    HasSubstr("reads version " + std::to_string(kTaskGraphFileVersion))));
}

TEST(TaskGraphFile, SaysThatAForeignFileIsNone) {
  EXPECT_THAT(message_for("SQLite format 3 and so on and on"), HasSubstr("not a compiled task"));
}

// Whoever alters a file and mends its checksum still does not get past the invariants.
TEST(TaskGraphFile, HoldsAnAlteredGraphAgainstTheInvariants) {
  const std::string bytes = small_file();
  std::size_t refused = 0;
  for (std::size_t from_end = 1; from_end < 400; from_end += 7) {
    std::string broken = bytes;
    broken[broken.size() - from_end] = static_cast<char>(broken[broken.size() - from_end] ^ 1);
    Fnv1a sum;
    sum.add_bytes(broken.data() + 24, broken.size() - 24);
    const std::uint64_t value = sum.value();
    std::memcpy(broken.data() + 16, &value, sizeof value);
    refused += message_for(broken).empty() ? 0 : 1;
  }
  EXPECT_EQ(refused, 57u);
}

TEST(TaskGraphFile, LeavesNothingBehindWhereItCannotWrite) {
  const Status status = write_task_graph(compiled("smollm2-135m", 1), "/no/such/folder/x.graph");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_THAT(status.error().message, HasSubstr("/no/such/folder/x.graph"));
  EXPECT_FALSE(is_task_graph_file("/no/such/folder/x.graph"));
}

}  // namespace
}  // namespace mk
