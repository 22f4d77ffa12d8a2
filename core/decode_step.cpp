// The decode step of the supported model families, written with the builder.
#include <fmt/format.h>

#include <utility>

#include "core/computation_graph_builder.h"

namespace mk {
namespace {

// The open Qwen3 code pads 151,936 rows to 153,600 for its grids, and gives no rule for other
// vocabularies. Ours: a multiple of 64 * 96 = 6,144 rows, so that both task counts of its grid rule
// divide it into whole 64-row tiles; small vocabularies (tests, toys) a multiple of 64.
std::int64_t padded_vocabulary(std::int64_t vocabulary) {
  const std::int64_t unit = vocabulary >= 6144 ? 6144 : 64;
  return (vocabulary + unit - 1) / unit * unit;
}

class DecodeStep {
 public:
  DecodeStep(const ModelConfig& model, const StepShape& step, OperatorFusion fusion)
      : m_(model), fused_(fusion == OperatorFusion::kNormLinear), b_(model.name, step) {}

  Result<ComputationGraph> build() && {
    b_.set_model_config(m_.json);
    const TensorId table = embedding_table();
    TensorId x = b_.embedding("embed", table, m_.vocabulary);
    for (std::int64_t layer = 0; layer < m_.layers; ++layer) {
      layer_ = static_cast<std::uint32_t>(layer);
      b_.set_layer(layer_);
      x = attention_block(x);
      x = m_.moe ? expert_block(x) : dense_block(x);
    }
    b_.set_layer(std::nullopt);
    head(x, table);
    return std::move(b_).build();
  }

 private:
  std::string parameter(std::string_view name) const {
    return fmt::format("model.layers.{}.{}.weight", layer_, name);
  }
  TensorId layer_weight(std::string_view name, Shape shape, WeightLayout layout,
                        std::vector<std::string> parameters) {
    WeightSource source;
    source.layout = layout;
    source.parameters = std::move(parameters);
    return b_.weight(fmt::format("L{}.{}.weight", layer_, name), shape, std::move(source));
  }
  TensorId norm_weight(std::string_view name, std::string_view parameter_name, std::int64_t width) {
    return layer_weight(name, {width}, WeightLayout::kPlain, {parameter(parameter_name)});
  }

  // A tied lm_head reads the same tensor, so the table carries the padding then.
  TensorId embedding_table() {
    const std::int64_t rows = m_.tied_embeddings ? padded_vocabulary(m_.vocabulary) : m_.vocabulary;
    return b_.weight("embed.weight", {rows, m_.hidden},
                     {.parameters = {"model.embed_tokens.weight"}});
  }

  // A linear behind an RMSNorm: two operators, or one where they are fused.
  TensorId normed_linear(std::string_view norm, TensorId norm_w, std::string_view name, TensorId x,
                         TensorId w) {
    if (fused_) return b_.linear(std::string(name), x, w, {.norm = norm_w, .epsilon = m_.epsilon});
    const TensorId y = b_.rmsnorm(std::string(norm), x, norm_w, m_.epsilon);
    return b_.linear(std::string(name), y, w);
  }

  TensorId attention_block(TensorId x) {
    const std::int64_t width = (m_.heads + 2 * m_.kv_heads) * m_.head_dim;
    const TensorId norm_w = norm_weight("input_norm", "input_layernorm", m_.hidden);
    const TensorId qkv_w =
        layer_weight("qkv", {width, m_.hidden}, WeightLayout::kQkvByKvHead,
                     {parameter("self_attn.q_proj"), parameter("self_attn.k_proj"),
                      parameter("self_attn.v_proj")});
    const TensorId qkv = normed_linear("input_norm", norm_w, "qkv", x, qkv_w);
    AttentionParams params;
    params.heads = m_.heads;
    params.kv_heads = m_.kv_heads;
    params.head_dim = m_.head_dim;
    params.epsilon = m_.epsilon;
    params.rope_theta = m_.rope_theta;
    params.rope_scaling = m_.rope_scaling;
    std::optional<QkNorm> qk_norm;
    if (m_.has_qk_norm())
      qk_norm = QkNorm{norm_weight("q_norm", "self_attn.q_norm", m_.head_dim),
                       norm_weight("k_norm", "self_attn.k_norm", m_.head_dim)};
    const TensorId y = b_.attention("attention", qkv, params, qk_norm);
    const TensorId o_w = layer_weight("o_proj", {m_.hidden, m_.heads * m_.head_dim},
                                      WeightLayout::kPlain, {parameter("self_attn.o_proj")});
    return b_.linear("o_proj", y, o_w, {.residual = x});
  }

  TensorId dense_block(TensorId x) {
    const TensorId norm_w = norm_weight("post_norm", "post_attention_layernorm", m_.hidden);
    const TensorId gate_up_w =
        layer_weight("gate_up", {2 * m_.intermediate, m_.hidden}, WeightLayout::kInterleavedRows,
                     {parameter("mlp.gate_proj"), parameter("mlp.up_proj")});
    const TensorId gate_up = normed_linear("post_norm", norm_w, "gate_up", x, gate_up_w);
    const TensorId down_w = layer_weight("down", {m_.hidden, m_.intermediate}, WeightLayout::kPlain,
                                         {parameter("mlp.down_proj")});
    if (fused_) return b_.linear("down", gate_up, down_w, {.residual = x, .silu_input = true});
    const TensorId y = b_.silu_mul("silu_mul", gate_up);
    return b_.linear("down", y, down_w, {.residual = x});
  }

  // The norm stays an operator of its own in the fused variant: router and experts both read it.
  TensorId expert_block(TensorId x) {
    const MoeConfig& moe = *m_.moe;
    const TensorId norm_w = norm_weight("post_norm", "post_attention_layernorm", m_.hidden);
    const TensorId y = b_.rmsnorm("post_norm", x, norm_w, m_.epsilon);
    const TensorId router_w = layer_weight("router", {moe.experts, m_.hidden}, WeightLayout::kPlain,
                                           {parameter("mlp.gate")});
    MoeParams p;
    p.experts = moe.experts;
    p.top_k = moe.top_k;
    p.in = m_.hidden;
    p.out = 2 * moe.intermediate;
    p.normalise_top_k = moe.normalise_top_k;
    const Routing routing = b_.topk_softmax("topk_softmax", b_.linear("router", y, router_w), p);
    const TensorId w13 =
        layer_weight("w13", {moe.experts, p.out, m_.hidden}, WeightLayout::kStackedExperts,
                     {parameter("mlp.experts.{}.gate_proj"), parameter("mlp.experts.{}.up_proj")});
    const TensorId gate_up = b_.expert_linear("w13", y, w13, routing, p);
    p.in = p.out = moe.intermediate;
    const TensorId h = b_.expert_silu_mul("moe_silu_mul", gate_up, p);
    p.out = m_.hidden;
    const TensorId w2 =
        layer_weight("w2", {moe.experts, m_.hidden, moe.intermediate},
                     WeightLayout::kStackedExperts, {parameter("mlp.experts.{}.down_proj")});
    const TensorId z = b_.expert_linear("w2", h, w2, routing, p);
    return b_.weighted_sum("weighted_sum", z, routing, x, p);
  }

  void head(TensorId x, TensorId table) {
    const TensorId norm_w =
        b_.weight("final_norm.weight", {m_.hidden}, {.parameters = {"model.norm.weight"}});
    TensorId w = table;
    if (!m_.tied_embeddings)
      w = b_.weight("lm_head.weight", {padded_vocabulary(m_.vocabulary), m_.hidden},
                    {.parameters = {"lm_head.weight"}});
    const TensorId logits = normed_linear("final_norm", norm_w, "lm_head", x, w);
    b_.argmax(logits, m_.vocabulary);
  }

  const ModelConfig& m_;
  bool fused_;
  ComputationGraphBuilder b_;
  std::uint32_t layer_ = 0;
};

}  // namespace

Result<ComputationGraph> build_decode_step(const ModelConfig& model, const StepShape& shape,
                                           OperatorFusion fusion) {
  if (shape.max_context > model.max_positions)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: a context of {} tokens, the model has {} positions", model.name,
                            shape.max_context, model.max_positions));
  return DecodeStep(model, shape, fusion).build();
}

}  // namespace mk
