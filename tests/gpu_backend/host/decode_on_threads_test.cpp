#include <gtest/gtest.h>

#include <fmt/format.h>

#include "core/compiler.h"
#include "gpu_backend/host/decoder.h"
#include "gpu_backend/host/run_on_threads.h"
#include "tests/gpu_backend/host/small_models.h"
#include "tests/support/sequential_executor.h"

namespace mk {
namespace {

constexpr std::uint32_t kGenerate = 5;

constexpr StepShape kTwoTokens{.batch_tokens = 2, .max_context = 32};

std::shared_ptr<const TaskGraph> graph_of(std::string_view model, const StepShape& step) {
  const Result<ModelConfig> config = model_from_json(model, "test", "small");
  EXPECT_TRUE(config) << config.error().message;
  CompileOptions options;
  options.context = 1;
  options.workers = 16;
  Result<Compiled> compiled = compile_model(*config, step, options);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}

ModelMemory memory_of(std::string_view model, const StepShape& step = kTwoTokens) {
  Result<ModelMemory> memory =
      ModelMemory::allocate(graph_of(model, step), {.dtype = DType::kBf16});
  EXPECT_TRUE(memory) << memory.error().message;
  EXPECT_TRUE(memory->fill_weights(WeightProvider::synthetic(3), 1));
  return std::move(*memory);
}

Decoder decoder_of(const ModelMemory& memory) {
  Result<Decoder> decoder = Decoder::make(
      memory, {.prompt = {5, 9, 120, 31, 7}, .generate = kGenerate, .capture_logits = true});
  EXPECT_TRUE(decoder) << decoder.error().message;
  return std::move(*decoder);
}

DecodeResult in_order(const ModelMemory& memory) {
  Decoder decoder = decoder_of(memory);
  run_sequentially(memory.graph(), decoder);
  return decoder.result();
}

struct Threads {
  PolicyKind policy;
  Roles roles;
};

void expect_same_bits(const ModelMemory& memory, const DecodeResult& expected,
                      const Threads& threads) {
  Decoder decoder = decoder_of(memory);
  const Result<RunRecord> record = run_on_threads(
      memory.shared_graph(), decoder, {.policy = {.kind = threads.policy}, .roles = threads.roles});
  ASSERT_TRUE(record) << record.error().message;
  const std::string what = fmt::format("{} {}+{}", facts(threads.policy).name,
                                       threads.roles.workers, threads.roles.schedulers);
  EXPECT_EQ(record->iterations.size(), decoder.plan().iterations()) << what;
  EXPECT_EQ(decoder.result().generated, expected.generated) << what;
  EXPECT_TRUE(decoder.result().logits == expected.logits) << what;
}

void expect_same_bits_everywhere(const ModelMemory& memory) {
  const DecodeResult expected = in_order(memory);
  for (const PolicyKind policy :
       {PolicyKind::kAot, PolicyKind::kJit, PolicyKind::kHybrid, PolicyKind::kStatic}) {
    for (const std::uint32_t workers : {1U, 2U, 3U, 8U}) {
      expect_same_bits(memory, expected, {policy, {workers, 0}});
      if (policy == PolicyKind::kStatic) continue;
      expect_same_bits(memory, expected, {policy, {workers, 1}});
      expect_same_bits(memory, expected, {policy, {workers, std::min(workers, 2U)}});
    }
  }
}

TEST(DecodeOnThreads, GivesTheSameBitsUnderEveryPolicySplitAndNumberOfWorkers) {
  expect_same_bits_everywhere(memory_of(small_models::kSmolLm));
}

TEST(DecodeOnThreads, GivesTheSameBitsOfAMixtureOfExpertsUnderEveryPolicyToo) {
  expect_same_bits_everywhere(memory_of(small_models::kQwen3Moe));
}

TEST(DecodeOnThreads, GivesTheSameBitsOverPagesAndPartsOfAContextUnderEveryPolicyToo) {
  expect_same_bits_everywhere(memory_of(small_models::kSmolLm, {.batch_tokens = 4,
                                                                .requests = 2,
                                                                .max_context = 32,
                                                                .attention_parts = 3,
                                                                .attention_positions = 3,
                                                                .page_positions = 4}));
}

TEST(DecodeOnThreads, RecordsWhatEachIterationRanOn) {
  const ModelMemory memory = memory_of(small_models::kSmolLm);
  Decoder decoder = decoder_of(memory);

  const Result<RunRecord> record = run_on_threads(
      memory.shared_graph(), decoder, {.policy = {.kind = PolicyKind::kJit}, .roles = {2, 1}});

  ASSERT_TRUE(record) << record.error().message;
  ASSERT_EQ(record->iterations.size(), decoder.plan().iterations());
  for (std::uint32_t i = 0; i < record->iterations.size(); ++i) {
    EXPECT_EQ(record->iterations[i].state, decoder.plan().state(i));
  }
}

}  // namespace
}  // namespace mk
