#include "gpu_backend/host/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>

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
                    DType dtype, std::optional<Isa> isa = {},
                    const std::vector<std::uint32_t>& page_order = {}) {
  const ModelMemory memory = memory_of(graph_of(config, step, compile), dtype);
  return decode(memory, {.prompt = kPrompt,
                         .generate = kGenerate,
                         .capture_logits = true,
                         .page_order = page_order,
                         .isa = isa});
}

// The numbers below `count` in some order.
std::vector<std::uint32_t> shuffled(std::uint32_t count, std::uint32_t seed) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937 engine(seed);
  for (std::uint32_t i = count; i > 1; --i) std::swap(order[i - 1], order[engine() % i]);
  return order;
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
  constexpr std::array kNames = {"Llama", "Qwen3", "SmolLm", "Qwen3Moe", "Qwen3Moe30b"};
  return kNames[shape.index];
}
INSTANTIATE_TEST_SUITE_P(, DecoderOfEachShape,
                         testing::Values(small_models::kLlama, small_models::kQwen3,
                                         small_models::kSmolLm, small_models::kQwen3Moe,
                                         small_models::kQwen3Moe30b),
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
      for (const auto fusion :
           {OperatorFusion::kNone, OperatorFusion::kNormLinear, OperatorFusion::kNormGated}) {
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

TEST_P(DecoderOfEachShape, GivesTheSameBitsWhereverThePagesOfTheCacheLie) {
  const ModelConfig config = model(GetParam());
  const DecodeResult expected = decode(config, {.max_context = 64}, {}, DType::kBf16);
  for (const std::uint32_t positions : {1U, 4U, 16U, 64U, 4096U}) {
    for (const std::uint32_t requests : {1U, 2U}) {
      const StepShape step{.batch_tokens = 3 * requests,
                           .requests = requests,
                           .max_context = 64,
                           .page_positions = positions};
      const std::uint32_t pages = requests * ((64 + positions - 1) / positions);
      const DecodeResult paged =
          decode(config, step, {}, DType::kBf16, {}, shuffled(pages, positions));
      EXPECT_TRUE(paged.logits == expected.logits) << positions << ", " << requests;
      EXPECT_TRUE(paged.requests_agree);
    }
  }
}

TEST_P(DecoderOfEachShape, GivesTheReferencesLogitsWithTheContextInParts) {
  const ModelConfig config = model(GetParam());
  const StepShape step{.max_context = 64, .attention_parts = 4, .attention_positions = 3};
  const DecodeResult f32 = decode(config, step, {}, DType::kF32);
  EXPECT_LE(deviation(config, f32, DType::kF32), 1e-5);
  EXPECT_LE(deviation(config, decode(config, step, {}, DType::kBf16), DType::kBf16), 2e-2);

  for (const Partition partition : {Partition::kMpk, Partition::kBalanced}) {
    for (const std::uint32_t page : {0U, 2U}) {
      StepShape other = step;
      other.batch_tokens = 8;
      other.requests = 2;
      other.page_positions = page;
      CompileOptions options;
      options.partition = partition;
      options.workers = 5;
      const DecodeResult same = decode(config, other, options, DType::kF32, {},
                                       page == 0 ? shuffled(0, 1) : shuffled(64, 1));
      EXPECT_TRUE(same.logits == f32.logits) << "page " << page;
      EXPECT_TRUE(same.requests_agree);
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

// A group's experts may be a range instead of every groups-th activated one.
TEST(Decoder, GivesTheSameBitsHoweverExpertsAreGrouped) {
  const ModelConfig config = model(small_models::kQwen3Moe);
  const DecodeResult expected = decode(config, {.max_context = 64}, {}, DType::kBf16);
  for (const std::uint32_t tasks : {1U, 4U, 6U, 18U}) {
    for (const auto schedule : {ExpertSchedule::kStride, ExpertSchedule::kStatic}) {
      CompileOptions options;
      options.tasks_of = {{"w13", tasks}, {"w2", tasks}};
      const DecodeResult other =
          decode(config, {.batch_tokens = 3, .max_context = 64, .experts = schedule}, options,
                 DType::kBf16);
      EXPECT_TRUE(other.logits == expected.logits) << tasks << " tasks";
    }
  }
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

TEST(Decoder, RefusesAnOrderOfPagesThatDoesNotNameEachOnce) {
  const ModelMemory memory = memory_of(
      graph_of(model(small_models::kLlama), {.max_context = 8, .page_positions = 4}), DType::kF32);
  for (const std::vector<std::uint32_t>& order :
       {std::vector<std::uint32_t>{0}, {0, 0}, {0, 2}, {0, 1, 2}}) {
    const Result<Decoder> decoder =
        Decoder::make(memory, {.prompt = {1}, .generate = 1, .page_order = order});
    ASSERT_FALSE(decoder);
    EXPECT_THAT(decoder.error().message, HasSubstr("each of 2 pages once"));
  }
}

}  // namespace
}  // namespace mk
