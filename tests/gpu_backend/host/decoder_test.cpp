#include "gpu_backend/host/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/compiler.h"
#include "tests/gpu_backend/host/small_models.h"
#include "tests/support/reference_model.h"
#include "tests/support/sequential_executor.h"

namespace mk {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

const std::vector<std::uint32_t> kPrompt = {3, 77, 12, 5, 128, 9, 41};
constexpr std::uint32_t kGenerate = 6;
constexpr std::uint64_t kSeed = 11;

ModelConfig model(std::string_view json) {
  Result<ModelConfig> config = model_from_json(json, "test", "small");
  EXPECT_TRUE(config) << config.error().message;
  return *config;
}

std::shared_ptr<const TaskGraph> graph_of(const ModelConfig& config, const StepShape& step,
                                          CompileOptions options = {}) {
  options.context = 1;  // only costs depend on it
  Result<Compiled> compiled = compile_model(config, step, options);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}

ModelMemory memory_of(std::shared_ptr<const TaskGraph> graph, DType dtype) {
  Result<ModelMemory> memory = ModelMemory::allocate(std::move(graph), {.dtype = dtype});
  EXPECT_TRUE(memory) << memory.error().message;
  const Status filled = memory->fill_weights(WeightProvider::synthetic(kSeed), 2);
  EXPECT_TRUE(filled) << filled.error().message;
  return std::move(*memory);
}

DecodeResult decode(const ModelMemory& memory, DecodeOptions options) {
  Result<Decoder> decoder = Decoder::make(memory, std::move(options));
  EXPECT_TRUE(decoder) << decoder.error().message;
  run_sequentially(memory.graph(), *decoder);
  return decoder->result();
}

DecodeResult decode(const ModelConfig& config, const StepShape& step, const CompileOptions& compile,
                    DType dtype, std::optional<Isa> isa = {}) {
  const ModelMemory memory = memory_of(graph_of(config, step, compile), dtype);
  return decode(memory,
                {.prompt = kPrompt, .generate = kGenerate, .capture_logits = true, .isa = isa});
}

// Largest difference over largest reference logit, the reference fed with what was generated.
double deviation(const ModelConfig& config, const DecodeResult& result, DType dtype) {
  const auto reference = ReferenceModel::load(config, WeightProvider::synthetic(kSeed), dtype);
  EXPECT_TRUE(reference) << reference.error().message;
  std::vector<std::uint32_t> tokens = kPrompt;
  tokens.insert(tokens.end(), result.generated.begin(), result.generated.end() - 1);
  const std::vector<double> all = reference->logits(tokens);
  const auto from = static_cast<std::size_t>(config.vocabulary) * (kPrompt.size() - 1);
  EXPECT_EQ(all.size() - from, result.logits.size());
  double difference = 0;
  double largest = 0;
  for (std::size_t i = 0; i < result.logits.size(); ++i) {
    const double d = std::abs(result.logits[i] - all[from + i]);
    difference = std::isnan(d) ? INFINITY : std::max(difference, d);
    largest = std::max(largest, std::abs(all[from + i]));
  }
  return difference / largest;
}

class DecoderOfEachShape : public testing::TestWithParam<std::string_view> {};
std::string shape_name(const testing::TestParamInfo<std::string_view>& shape) {
  constexpr std::array kNames = {"Llama", "Qwen3", "SmolLm"};
  return kNames[shape.index];
}
INSTANTIATE_TEST_SUITE_P(, DecoderOfEachShape,
                         testing::Values(small_models::kLlama, small_models::kQwen3,
                                         small_models::kSmolLm),
                         shape_name);

TEST_P(DecoderOfEachShape, GivesTheReferencesLogits) {
  const ModelConfig config = model(GetParam());
  for (const Isa isa : supported_isas()) {
    const DecodeResult f32 = decode(config, {.max_context = 64}, {}, DType::kF32, isa);
    const DecodeResult bf16 = decode(config, {.max_context = 64}, {}, DType::kBf16, isa);
    EXPECT_EQ(f32.generated.size(), kGenerate);
    EXPECT_LE(deviation(config, f32, DType::kF32), 1e-5) << name_of(isa);
    EXPECT_LE(deviation(config, bf16, DType::kBf16), 2e-2) << name_of(isa);
  }
}

TEST_P(DecoderOfEachShape, GivesTheSameBitsHoweverTheGraphIsCut) {
  const ModelConfig config = model(GetParam());
  const DecodeResult expected = decode(config, {.max_context = 64}, {}, DType::kBf16);
  for (const Partition partition : {Partition::kMpk, Partition::kBalanced}) {
    for (const auto events :
         {EventGranularity::kGcd, EventGranularity::kExact, EventGranularity::kOperator}) {
      for (const auto fusion : {OperatorFusion::kNone, OperatorFusion::kNormLinear}) {
        for (const std::uint32_t batch : {1U, 4U, 8U}) {
          CompileOptions options;
          options.partition = partition;
          options.events = events;
          options.fusion = fusion;
          options.workers = batch == 8 ? 3 : 128;
          const DecodeResult other =
              decode(config, {.batch_tokens = batch, .max_context = 64}, options, DType::kBf16);
          EXPECT_EQ(other.generated, expected.generated);
          EXPECT_TRUE(other.logits == expected.logits)
              << "partition " << static_cast<int>(partition) << " events "
              << static_cast<int>(events) << " fusion " << static_cast<int>(fusion) << " batch "
              << batch;
        }
      }
    }
  }
}

TEST_P(DecoderOfEachShape, GivesSeveralRequestsWhatOneGets) {
  const ModelConfig config = model(GetParam());
  const DecodeResult alone = decode(config, {.max_context = 64}, {}, DType::kF32);

  const DecodeResult three =
      decode(config, {.batch_tokens = 7, .requests = 3, .max_context = 64}, {}, DType::kF32);

  EXPECT_TRUE(three.requests_agree);
  EXPECT_TRUE(three.logits == alone.logits);
}

TEST(Decoder, PicksTheLargestLogitOfEachRow) {
  const ModelConfig config = model(small_models::kLlama);
  const DecodeResult result =
      decode(config, {.batch_tokens = 2, .max_context = 64}, {}, DType::kF32);
  for (std::size_t i = 0; i < kGenerate; ++i) {
    const auto row = result.logits.begin() + static_cast<std::ptrdiff_t>(i) * result.vocabulary;
    const auto largest = std::max_element(row, row + result.vocabulary);
    EXPECT_EQ(result.generated[i], static_cast<std::uint32_t>(largest - row));
  }
}

TEST(Decoder, StopsAfterAnEndOfSequenceToken) {
  const ModelMemory memory =
      memory_of(graph_of(model(small_models::kLlama), {.max_context = 64}), DType::kF32);
  const DecodeResult whole = decode(memory, {.prompt = kPrompt, .generate = kGenerate});
  ASSERT_FALSE(whole.ended_by_itself);
  ASSERT_NE(whole.generated[2], whole.generated[0]);
  ASSERT_NE(whole.generated[2], whole.generated[1]);

  const DecodeResult ended = decode(
      memory, {.prompt = kPrompt, .generate = kGenerate, .end_of_sequence = {whole.generated[2]}});

  EXPECT_TRUE(ended.ended_by_itself);
  EXPECT_THAT(ended.generated,
              ElementsAreArray(whole.generated.begin(), whole.generated.begin() + 3));
}

TEST(Decoder, TellsTheRuntimeWhatEachIterationRunsOn) {
  const ModelMemory memory = memory_of(
      graph_of(model(small_models::kLlama), {.batch_tokens = 4, .max_context = 64}), DType::kF32);
  Result<Decoder> decoder = Decoder::make(memory, {.prompt = kPrompt, .generate = 2});
  ASSERT_TRUE(decoder);

  std::vector<RequestState> states;
  IterationState state;
  for (std::uint32_t i = 0; decoder->prepare(i, state); ++i) {
    states.push_back(state.requests.at(0));
    for (std::uint32_t t = 0; t < memory.graph().task_count(); ++t) decoder->execute(0, t, i);
  }

  EXPECT_THAT(states,
              ElementsAreArray({RequestState{0, 4}, RequestState{4, 3}, RequestState{7, 1}}));
}

TEST(Decoder, RefusesWhatDoesNotFitTheGraph) {
  const ModelMemory memory =
      memory_of(graph_of(model(small_models::kLlama), {.max_context = 8}), DType::kF32);
  const auto message = [&](DecodeOptions options) {
    const Result<Decoder> decoder = Decoder::make(memory, std::move(options));
    return decoder ? std::string("accepted") : decoder.error().message;
  };

  EXPECT_EQ(message({.prompt = kPrompt, .generate = 2}), "accepted");
  EXPECT_THAT(message({.prompt = kPrompt, .generate = 3}), HasSubstr("a context of 9"));
  EXPECT_THAT(message({.prompt = {}}), HasSubstr("no token"));
  EXPECT_THAT(message({.prompt = {250}}), HasSubstr("token 250"));
  EXPECT_THAT(message({.prompt = {1}, .generate = 0}), HasSubstr("generate"));
}

}  // namespace
}  // namespace mk
