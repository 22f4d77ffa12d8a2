// SmolLM2-135M-Instruct with its trained weights, in f32, against the greedy tokens of PyTorch
// (tests/gpu_backend/weights/expected). Skipped where scripts/fetch-model has not been run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/compiler.h"
#include "gpu_backend/host/decoder.h"
#include "gpu_backend/host/run_on_threads.h"
#include "tests/support/source_dir.h"

namespace mk {
namespace {

namespace fs = std::filesystem;

fs::path model_folder() {
  const char* cache = std::getenv("MEGASCOPE_CACHE");
  if (cache != nullptr) return fs::path(cache) / "models/smollm2-135m";
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const fs::path base = xdg != nullptr ? fs::path(xdg) : fs::path(home ? home : "") / ".cache";
  return base / "megascope/models/smollm2-135m";
}

std::shared_ptr<const TaskGraph> graph_of(const ModelConfig& config, std::uint32_t batch_tokens) {
  CompileOptions options;
  options.partition = Partition::kBalanced;
  options.workers = 2;
  options.context = 64;
  Result<Compiled> compiled =
      compile_model(config, {.batch_tokens = batch_tokens, .max_context = 128}, options);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return std::make_shared<const TaskGraph>(std::move(compiled->graph));
}

struct Answer {
  std::string prompt{};
  std::vector<std::uint32_t> expected{};
  std::vector<std::uint32_t> generated{};
};

// What the model writes in `dtype` after the prompts of the expected file.
void run_prompts(DType dtype, std::vector<Answer>& answers) {
  const Result<ModelConfig> config = load_model(model_folder().string());
  ASSERT_TRUE(config) << config.error().message;
  const Result<WeightProvider> weights = WeightProvider::open(model_folder());
  ASSERT_TRUE(weights) << weights.error().message;
  Result<ModelMemory> memory = ModelMemory::allocate(graph_of(*config, 4), {.dtype = dtype});
  ASSERT_TRUE(memory) << memory.error().message;
  ASSERT_TRUE(memory->fill_weights(*weights, 2));
  std::ifstream file(source_dir() + "/tests/gpu_backend/weights/expected/smollm2_greedy.json");
  const nlohmann::json expected = nlohmann::json::parse(file);
  for (const nlohmann::json& one : expected.at("cases")) {
    Result<Decoder> decoder =
        Decoder::make(*memory, {.prompt = one.at("prompt_ids").get<std::vector<std::uint32_t>>(),
                                .generate = 24,
                                .end_of_sequence = config->end_of_sequence});
    ASSERT_TRUE(decoder) << decoder.error().message;
    const Result<RunRecord> record =
        run_on_threads(memory->shared_graph(), *decoder,
                       {.policy = {.kind = PolicyKind::kStatic}, .roles = {2, 0}, .record = false});
    ASSERT_TRUE(record) << record.error().message;
    answers.push_back({one.at("prompt").get<std::string>(),
                       one.at("generated").get<std::vector<std::uint32_t>>(),
                       decoder->result().generated});
  }
}

TEST(TrainedModel, WritesTheTokensThatPyTorchWrites) {
  if (!fs::exists(model_folder() / "model.safetensors")) {
    GTEST_SKIP() << "no trained weights: run scripts/fetch-model smollm2-135m";
  }
  std::vector<Answer> answers;
  run_prompts(DType::kF32, answers);
  ASSERT_EQ(answers.size(), 3U);
  for (const Answer& answer : answers)
    EXPECT_EQ(answer.generated, answer.expected) << answer.prompt;
}

// bf16 rounds the weights, so that a token may turn where two were close; from there on the texts
// differ. How many agree before that is printed.
TEST(TrainedModel, SaysInBf16HowManyTokensAreThoseOfF32) {
  if (!fs::exists(model_folder() / "model.safetensors")) {
    GTEST_SKIP() << "no trained weights: run scripts/fetch-model smollm2-135m";
  }
  std::vector<Answer> answers;
  run_prompts(DType::kBf16, answers);
  ASSERT_EQ(answers.size(), 3U);
  for (const Answer& answer : answers) {
    const auto differ = std::mismatch(answer.expected.begin(), answer.expected.end(),
                                      answer.generated.begin(), answer.generated.end());
    const auto agree = differ.first - answer.expected.begin();
    std::cout << "bf16: the first " << agree << " of " << answer.expected.size()
              << " tokens agree after: " << answer.prompt << "\n";
    EXPECT_GE(agree, 1) << answer.prompt;
  }
}

}  // namespace
}  // namespace mk
