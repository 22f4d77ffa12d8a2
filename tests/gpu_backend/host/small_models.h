// Models of a few thousand weights in the shapes of real families, for tests of whole runs.
#pragma once

#include <string_view>

#include "core/model.h"

namespace mk::small_models {

// Grouped heads, Llama-3 frequency scaling that all three of its ranges meet, a separate lm_head,
// a vocabulary that needs padding.
inline constexpr std::string_view kLlama = R"({
  "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 160,
  "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
  "vocab_size": 250, "max_position_embeddings": 512, "rms_norm_eps": 1e-5,
  "rope_theta": 500000.0, "tie_word_embeddings": false, "hidden_act": "silu",
  "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                   "high_freq_factor": 4.0, "original_max_position_embeddings": 64}})";

// QK-norm, head_dim that is not hidden / heads, tied embeddings.
inline constexpr std::string_view kQwen3 = R"({
  "architectures": ["Qwen3ForCausalLM"], "hidden_size": 96, "intermediate_size": 192,
  "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 32,
  "vocab_size": 130, "max_position_embeddings": 512, "rms_norm_eps": 1e-6,
  "rope_theta": 1000000.0, "tie_word_embeddings": true, "hidden_act": "silu"})";

// Nine heads on three KV heads, tied embeddings.
inline constexpr std::string_view kSmolLm = R"({
  "architectures": ["LlamaForCausalLM"], "hidden_size": 144, "intermediate_size": 288,
  "num_hidden_layers": 3, "num_attention_heads": 9, "num_key_value_heads": 3, "head_dim": 16,
  "vocab_size": 300, "max_position_embeddings": 512, "rms_norm_eps": 1e-5,
  "rope_theta": 100000.0, "tie_word_embeddings": true, "hidden_act": "silu"})";

}  // namespace mk::small_models
