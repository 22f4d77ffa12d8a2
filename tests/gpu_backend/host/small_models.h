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

// Nine experts of which a token has two, experts narrower than the dense layers would be. With the
// weights of the tests' seeds no choice is so near a tie that rounding the cache to bf16 turns it.
inline constexpr std::string_view kQwen3Moe = R"({
  "architectures": ["Qwen3MoeForCausalLM"], "hidden_size": 64, "intermediate_size": 96,
  "moe_intermediate_size": 48, "num_experts": 9, "num_experts_per_tok": 2, "norm_topk_prob": true,
  "decoder_sparse_step": 1, "mlp_only_layers": [],
  "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
  "vocab_size": 140, "max_position_embeddings": 512, "rms_norm_eps": 1e-6,
  "rope_theta": 10000.0, "tie_word_embeddings": false, "hidden_act": "silu"})";

// Qwen3-30B-A3B in miniature: its 128 experts of which a token has eight, eight q heads a KV head,
// heads wider than the hidden size together, experts of 3/8 of it.
inline constexpr std::string_view kQwen3Moe30b = R"({
  "architectures": ["Qwen3MoeForCausalLM"], "hidden_size": 64, "intermediate_size": 192,
  "moe_intermediate_size": 24, "num_experts": 128, "num_experts_per_tok": 8,
  "norm_topk_prob": true, "decoder_sparse_step": 1, "mlp_only_layers": [],
  "num_hidden_layers": 2, "num_attention_heads": 16, "num_key_value_heads": 2, "head_dim": 16,
  "vocab_size": 140, "max_position_embeddings": 512, "rms_norm_eps": 1e-6,
  "rope_theta": 1000000.0, "tie_word_embeddings": false, "hidden_act": "silu"})";

}  // namespace mk::small_models
