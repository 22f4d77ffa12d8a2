// ModelConfig: the shape of a language model, read from a Hugging Face config.json (families Llama,
// Qwen3, Qwen3-MoE).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/operator.h"
#include "core/result.h"

namespace mk {

enum class ModelFamily : std::uint8_t { kLlama, kQwen3, kQwen3Moe };
std::string_view name_of(ModelFamily family);

struct MoeConfig {
  std::int64_t experts = 0;
  std::int64_t top_k = 0;
  std::int64_t intermediate = 0;
  bool normalise_top_k = true;
};

struct ModelConfig {
  std::string name{};  // built-in name, or the file's folder or stem
  ModelFamily family = ModelFamily::kLlama;
  std::int64_t hidden = 0;
  std::int64_t intermediate = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t vocabulary = 0;
  std::int64_t max_positions = 0;
  double epsilon = 1e-6;
  double rope_theta = 10000;
  std::optional<RopeScaling> rope_scaling{};
  bool tied_embeddings = false;
  std::optional<MoeConfig> moe{};
  std::vector<std::uint32_t> end_of_sequence{};  // token ids; may be empty
  std::string json{};                            // the config.json text it was read from

  bool has_qk_norm() const { return family != ModelFamily::kLlama; }
  std::int64_t parameters() const;  // weights in the checkpoint, tied ones once
};

// Errors name the source and the field: missing, not a number, nonsensical (heads % kv_heads != 0,
// zero layers ...), unsupported (architecture, hidden_act, attention_bias, rope_type).
Result<ModelConfig> model_from_json(std::string_view text, std::string_view source,
                                    std::string name);

// A built-in name, a config.json, or a folder that holds one. NotFound lists the built-in names.
Result<ModelConfig> load_model(const std::string& model);
std::vector<std::string> builtin_models();

}  // namespace mk
