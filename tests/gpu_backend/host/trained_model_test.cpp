// SmolLM2-135M-Instruct with its trained weights, in f32, against the greedy tokens of PyTorch
// (tests/gpu_backend/weights/expected). Skipped where scripts/fetch-model has not been run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
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

TEST(TrainedModel, WritesTheTokensThatPyTorchWrites) {
  if (!fs::exists(model_folder() / "model.safetensors")) {
    GTEST_SKIP() << "no trained weights: run scripts/fetch-model smollm2-135m";
  }
  const Result<ModelConfig> config = load_model(model_folder().string());
  ASSERT_TRUE(config) << config.error().message;
  const Result<WeightProvider> weights = WeightProvider::open(model_folder());
  ASSERT_TRUE(weights) << weights.error().message;
  Result<ModelMemory> memory = ModelMemory::allocate(graph_of(*config, 4), {.dtype = DType::kF32});
  ASSERT_TRUE(memory) << memory.error().message;
  ASSERT_TRUE(memory->fill_weights(*weights, 2));
  std::ifstream file(source_dir() + "/tests/gpu_backend/weights/expected/smollm2_greedy.json");
  const nlohmann::json expected = nlohmann::json::parse(file);

  for (const nlohmann::json& one : expected.at("cases")) {
    const auto tokens = one.at("generated").get<std::vector<std::uint32_t>>();
    Result<Decoder> decoder =
        Decoder::make(*memory, {.prompt = one.at("prompt_ids").get<std::vector<std::uint32_t>>(),
                                .generate = 24,
                                .end_of_sequence = config->end_of_sequence});
    ASSERT_TRUE(decoder) << decoder.error().message;
    const Result<RunRecord> record =
        run_on_threads(memory->shared_graph(), *decoder,
                       {.policy = {.kind = PolicyKind::kStatic}, .roles = {2, 0}, .record = false});
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_EQ(decoder->result().generated, tokens) << one.at("prompt");
  }
}

}  // namespace
}  // namespace mk
