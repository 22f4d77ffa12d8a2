#include "gpu_backend/host/model_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/compiler.h"
#include "gpu_backend/weights/model_writer.h"
#include "tests/gpu_backend/host/small_models.h"
#include "tests/gpu_backend/weights/temporary_folder.h"

namespace mk {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::uint64_t kSeed = 5;

std::shared_ptr<const TaskGraph> graph_of(const ModelConfig& config) {
  CompileOptions options;
  options.context = 1;
  options.workers = 4;
  Result<Compiled> compiled = compile_model(config, {.max_context = 16}, options);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}

std::shared_ptr<const TaskGraph> small_llama() {
  return graph_of(*model_from_json(small_models::kLlama, "test", "small-llama"));
}

ModelMemory allocated(DType dtype) {
  Result<ModelMemory> memory = ModelMemory::allocate(small_llama(), {.dtype = dtype});
  EXPECT_TRUE(memory) << memory.error().message;
  return std::move(*memory);
}

TensorId tensor(const TaskGraph& graph, std::string_view name) {
  for (std::uint32_t t = 0; t < graph.tensors().size(); ++t) {
    if (graph.tensors()[t].name == name) return TensorId(t);
  }
  ADD_FAILURE() << "no tensor " << name;
  return {};
}

std::vector<float> row_of(const std::string& parameter, std::vector<std::int64_t> shape,
                          std::int64_t row) {
  const WeightProvider provider = WeightProvider::synthetic(kSeed);
  const Result<WeightTensor> found = provider.tensor({.name = parameter, .shape = shape});
  EXPECT_TRUE(found) << found.error().message;
  std::vector<float> values(static_cast<std::size_t>(shape.back()));
  found->read(static_cast<std::uint64_t>(row * shape.back()), values);
  return values;
}

std::vector<float> row_in(const ModelMemory& memory, std::string_view name, std::int64_t row) {
  const TensorId id = tensor(memory.graph(), name);
  const std::int64_t length = memory.graph().tensors()[id.index].shape.extent[1];
  const float* begin = memory.data<float>(id) + row * length;
  return {begin, begin + length};
}

TEST(ModelMemory, RefusesAModelLargerThanMemoryWithBothNumbers) {
  const Result<ModelMemory> memory =
      ModelMemory::allocate(graph_of(*load_model("llama-3.2-1b")),
                            {.dtype = DType::kBf16, .limit = Bytes(1'500'000'000)});

  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(memory.error().message,
              AllOf(HasSubstr("llama-3.2-1b needs 2.48 GB"), HasSubstr("1.50 GB are free")));
}

TEST(ModelMemory, RefusesAMixtureOfExpertsForItsSizeAlone) {
  const Result<ModelMemory> memory =
      ModelMemory::allocate(graph_of(*load_model("qwen3-30b-a3b")),
                            {.dtype = DType::kBf16, .limit = Bytes(16'000'000'000)});

  ASSERT_FALSE(memory);
  EXPECT_THAT(memory.error().message,
              AllOf(HasSubstr("qwen3-30b-a3b needs 61.08 GB"), HasSubstr("16.00 GB are free")));
}

TEST(ModelMemory, RefusesOtherTypesThanF32AndBf16) {
  EXPECT_FALSE(ModelMemory::allocate(small_llama(), {.dtype = DType::kF16}));
}

TEST(ModelMemory, HoldsWeightsAndCacheInItsTypeAndActivationsInFloat) {
  const ModelMemory memory = allocated(DType::kBf16);
  const TaskGraph& graph = memory.graph();
  EXPECT_EQ(memory.type_of(tensor(graph, "L0.qkv.weight")), DType::kBf16);
  EXPECT_EQ(memory.type_of(tensor(graph, "L0.attention.k_cache")), DType::kBf16);
  EXPECT_EQ(memory.type_of(tensor(graph, "L0.qkv.out")), DType::kF32);
  EXPECT_EQ(memory.type_of(tensor(graph, "tokens")), DType::kI32);
}

TEST(ModelMemory, AlignsEveryTensorToACacheLine) {
  const ModelMemory memory = allocated(DType::kF32);
  for (std::uint32_t t = 0; t < memory.graph().tensors().size(); ++t) {
    if (memory.type_of(TensorId(t)) != DType::kF32) continue;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data<float>(TensorId(t))) % 64, 0U);
  }
}

TEST(ModelMemory, PadsTheVocabularyWithZeros) {
  ModelMemory memory = allocated(DType::kF32);
  ASSERT_TRUE(memory.fill_weights(WeightProvider::synthetic(kSeed), 1));
  EXPECT_EQ(row_in(memory, "lm_head.weight", 249), row_of("lm_head.weight", {250, 64}, 249));
  for (std::int64_t row = 250; row < 256; ++row) {
    EXPECT_EQ(row_in(memory, "lm_head.weight", row), std::vector<float>(64));
  }
}

TEST(ModelMemory, GroupsQkvByKvHead) {
  ModelMemory memory = allocated(DType::kF32);
  ASSERT_TRUE(memory.fill_weights(WeightProvider::synthetic(kSeed), 1));
  const auto part = [](const char* name, std::int64_t rows, std::int64_t row) {
    return row_of(std::string("model.layers.1.self_attn.") + name + ".weight", {rows, 64}, row);
  };
  // Two q heads, a k head and a v head of 16 rows, twice.
  EXPECT_EQ(row_in(memory, "L1.qkv.weight", 0), part("q_proj", 64, 0));
  EXPECT_EQ(row_in(memory, "L1.qkv.weight", 31), part("q_proj", 64, 31));
  EXPECT_EQ(row_in(memory, "L1.qkv.weight", 32), part("k_proj", 32, 0));
  EXPECT_EQ(row_in(memory, "L1.qkv.weight", 48), part("v_proj", 32, 0));
  EXPECT_EQ(row_in(memory, "L1.qkv.weight", 64), part("q_proj", 64, 32));
  EXPECT_EQ(row_in(memory, "L1.qkv.weight", 97), part("k_proj", 32, 17));
  EXPECT_EQ(row_in(memory, "L1.qkv.weight", 127), part("v_proj", 32, 31));
}

TEST(ModelMemory, InterleavesGateAndUp) {
  ModelMemory memory = allocated(DType::kF32);
  ASSERT_TRUE(memory.fill_weights(WeightProvider::synthetic(kSeed), 1));
  EXPECT_EQ(row_in(memory, "L0.gate_up.weight", 6),
            row_of("model.layers.0.mlp.gate_proj.weight", {160, 64}, 3));
  EXPECT_EQ(row_in(memory, "L0.gate_up.weight", 7),
            row_of("model.layers.0.mlp.up_proj.weight", {160, 64}, 3));
}

TEST(ModelMemory, StacksTheExpertsOfFilesInHuggingFacesNames) {
  const auto graph = graph_of(*model_from_json(small_models::kQwen3Moe, "test", "small-moe"));
  Result<ModelMemory> memory = ModelMemory::allocate(graph, {.dtype = DType::kF32});
  ASSERT_TRUE(memory) << memory.error().message;
  ASSERT_TRUE(memory->fill_weights(WeightProvider::synthetic(kSeed), 2));
  const auto part = [](int expert, const char* name, std::vector<std::int64_t> shape,
                       std::int64_t row) {
    return row_of("model.layers.1.mlp.experts." + std::to_string(expert) + "." + name + ".weight",
                  shape, row);
  };
  const auto row = [&](std::string_view name, std::int64_t at, std::int64_t length) {
    const float* begin = memory->data<float>(tensor(*graph, name)) + at * length;
    return std::vector<float>(begin, begin + length);
  };
  EXPECT_EQ(row("L1.w13.weight", 0, 64), part(0, "gate_proj", {48, 64}, 0));
  EXPECT_EQ(row("L1.w13.weight", 5 * 96 + 94, 64), part(5, "gate_proj", {48, 64}, 47));
  EXPECT_EQ(row("L1.w13.weight", 5 * 96 + 95, 64), part(5, "up_proj", {48, 64}, 47));
  EXPECT_EQ(row("L1.w2.weight", 3 * 64 + 7, 48), part(3, "down_proj", {64, 48}, 7));
}

TEST(ModelMemory, HoldsTheSameHoweverManyThreadsFillIt) {
  ModelMemory one = allocated(DType::kBf16);
  ModelMemory three = allocated(DType::kBf16);
  ASSERT_TRUE(one.fill_weights(WeightProvider::synthetic(kSeed), 1));
  ASSERT_TRUE(three.fill_weights(WeightProvider::synthetic(kSeed), 3));
  for (std::uint32_t t = 0; t < one.graph().tensors().size(); ++t) {
    if (one.graph().tensors()[t].role != TensorRole::kWeight) continue;
    const auto count = one.graph().tensors()[t].shape.elements();
    const Bf16* a = one.data<Bf16>(TensorId(t));
    EXPECT_TRUE(std::equal(a, a + count, three.data<Bf16>(TensorId(t))));
  }
}

TEST(ModelMemory, NamesTheTensorAndTheParameterThatTheFilesLack) {
  const TemporaryFolder folder;
  const std::vector<TensorSpec> specs = {
      {.name = "model.embed_tokens.weight", .type = ElementType::kBf16, .shape = {250, 64}}};
  ASSERT_TRUE(write_synthetic_model(folder.path(), "{}", specs, kSeed));
  const Result<WeightProvider> provider = WeightProvider::open(folder.path());
  ASSERT_TRUE(provider) << provider.error().message;
  ModelMemory memory = allocated(DType::kBf16);

  const Status filled = memory.fill_weights(*provider, 1);

  ASSERT_FALSE(filled);
  EXPECT_EQ(filled.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(filled.error().message, AllOf(HasSubstr("L0.input_norm"),
                                            HasSubstr("model.layers.0.input_layernorm.weight")));
}

}  // namespace
}  // namespace mk
