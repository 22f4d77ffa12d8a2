#include "experiments/cli/checkpoint_tensors.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace mk::cli {
namespace {

class Checkpoint {
 public:
  explicit Checkpoint(const ModelConfig& model) : m_(model) {}

  std::vector<TensorSpec> tensors() && {
    add("model.embed_tokens.weight", {m_.vocabulary, m_.hidden});
    for (std::int64_t layer = 0; layer < m_.layers; ++layer) {
      prefix_ = fmt::format("model.layers.{}.", layer);
      attention();
      if (m_.moe) {
        experts(*m_.moe);
      } else {
        dense("mlp.", m_.intermediate);
      }
    }
    prefix_.clear();
    add("model.norm.weight", {m_.hidden});
    if (!m_.tied_embeddings) add("lm_head.weight", {m_.vocabulary, m_.hidden});
    return std::move(tensors_);
  }

 private:
  void add(const std::string& name, std::vector<std::int64_t> shape) {
    tensors_.push_back(
        {.name = prefix_ + name, .type = ElementType::kBf16, .shape = std::move(shape)});
  }

  void attention() {
    const std::int64_t q_width = m_.heads * m_.head_dim;
    const std::int64_t kv_width = m_.kv_heads * m_.head_dim;
    add("input_layernorm.weight", {m_.hidden});
    add("self_attn.q_proj.weight", {q_width, m_.hidden});
    add("self_attn.k_proj.weight", {kv_width, m_.hidden});
    add("self_attn.v_proj.weight", {kv_width, m_.hidden});
    add("self_attn.o_proj.weight", {m_.hidden, q_width});
    if (m_.has_qk_norm()) {
      add("self_attn.q_norm.weight", {m_.head_dim});
      add("self_attn.k_norm.weight", {m_.head_dim});
    }
    add("post_attention_layernorm.weight", {m_.hidden});
  }

  void dense(const std::string& where, std::int64_t intermediate) {
    add(where + "gate_proj.weight", {intermediate, m_.hidden});
    add(where + "up_proj.weight", {intermediate, m_.hidden});
    add(where + "down_proj.weight", {m_.hidden, intermediate});
  }

  void experts(const MoeConfig& moe) {
    add("mlp.gate.weight", {moe.experts, m_.hidden});
    for (std::int64_t expert = 0; expert < moe.experts; ++expert)
      dense(fmt::format("mlp.experts.{}.", expert), moe.intermediate);
  }

  const ModelConfig& m_;
  std::string prefix_{};
  std::vector<TensorSpec> tensors_{};
};

}  // namespace

std::vector<TensorSpec> checkpoint_tensors(const ModelConfig& model) {
  return Checkpoint(model).tensors();
}

}  // namespace mk::cli
