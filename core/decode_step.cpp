// The decode step of the supported model families, written with the builder: on one device, or
// tensor parallel over several.
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

// What every device's part of the model looks like: all have the same shapes.
struct Share {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::uint8_t kv_replicas = 1;
  std::int64_t intermediate = 0;
  std::int64_t expert_intermediate = 0;
  std::int64_t vocabulary = 0;  // rows of lm_head, padding included
};

Result<Share> share_of(const ModelConfig& m, std::uint32_t devices) {
  Share share;
  const auto split = [&](std::int64_t& part, std::int64_t whole, std::string_view what) -> Status {
    part = whole / devices;
    if (whole % devices == 0) return {};
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: --tp {}: {} {} cannot be shared out evenly", m.name, devices,
                            whole, what));
  };
  if (Status s = split(share.heads, m.heads, "attention heads"); !s)
    return tl::unexpected(s.error());
  if (m.kv_heads % devices != 0 && devices % m.kv_heads == 0) {
    share.kv_heads = 1;
    share.kv_replicas = static_cast<std::uint8_t>(devices / m.kv_heads);
  } else if (Status s = split(share.kv_heads, m.kv_heads, "KV heads"); !s) {
    return tl::unexpected(s.error());
  }
  if (m.moe) {
    if (Status s = split(share.expert_intermediate, m.moe->intermediate, "rows of an expert"); !s)
      return tl::unexpected(s.error());
  } else if (Status s = split(share.intermediate, m.intermediate, "rows of gate and up"); !s) {
    return tl::unexpected(s.error());
  }
  if (Status s = split(share.vocabulary, padded_vocabulary(m.vocabulary), "rows of lm_head"); !s)
    return tl::unexpected(s.error());
  return share;
}

class DecodeStep {
 public:
  DecodeStep(const ModelConfig& model, const Share& share, const StepShape& step,
             OperatorFusion fusion)
      : m_(model),
        share_(share),
        step_(step),
        devices_(static_cast<std::uint8_t>(step.devices)),
        norms_fused_(fusion != OperatorFusion::kNone),
        fusion_(fusion),
        b_(model.name, step) {}

  Result<ComputationGraph> build() && {
    b_.set_model_config(m_.json);
    std::vector<TensorId> x = on_each_device([&] { return embed(); });
    for (std::int64_t layer = 0; layer < m_.layers; ++layer) {
      layer_ = static_cast<std::uint32_t>(layer);
      b_.set_layer(layer_);
      x = b_.all_reduce("o_proj", on_each_device([&] { return attention_block(x[device_]); }));
      x = m_.moe
              ? b_.all_reduce("experts", on_each_device([&] { return expert_block(x[device_]); }))
              : b_.all_reduce("down", on_each_device([&] { return dense_block(x[device_]); }));
    }
    b_.set_layer(std::nullopt);
    b_.argmax(on_each_device([&] { return logits(x[device_]); }), m_.vocabulary);
    return std::move(b_).build();
  }

 private:
  template <typename F>
  std::vector<TensorId> on_each_device(F&& f) {
    std::vector<TensorId> results;
    for (device_ = 0; device_ < devices_; ++device_) {
      b_.set_device(device_);
      results.push_back(f());
    }
    return results;
  }

  std::string parameter(std::string_view name) const {
    return fmt::format("model.layers.{}.{}.weight", layer_, name);
  }
  // The source of what each device has alike, or, cut along dimension `shard_dim`, a part of.
  WeightSource whole(std::vector<std::string> parameters) const {
    WeightSource source;
    source.parameters = std::move(parameters);
    return source;
  }
  WeightSource shard(std::uint8_t shard_dim, WeightLayout layout,
                     std::vector<std::string> parameters) const {
    WeightSource source = whole(std::move(parameters));
    source.layout = layout;
    source.shard_dim = shard_dim;
    source.shard = device_;
    source.shards = devices_;
    return source;
  }
  TensorId layer_weight(std::string_view name, Shape shape, WeightSource source) {
    return b_.weight(fmt::format("L{}.{}.weight", layer_, name), shape, std::move(source));
  }
  TensorId norm_weight(std::string_view name, std::string_view parameter_name, std::int64_t width) {
    return layer_weight(name, {width}, whole({parameter(parameter_name)}));
  }

  // Added once: by the first device.
  std::optional<TensorId> residual(TensorId x) const {
    return device_ == 0 ? std::optional(x) : std::nullopt;
  }

  // On one device a tied lm_head reads the same tensor, so the table carries the padding then.
  TensorId embed() {
    const bool shared = m_.tied_embeddings && devices_ == 1;
    const std::int64_t rows = shared ? padded_vocabulary(m_.vocabulary) : m_.vocabulary;
    table_ = b_.weight("embed.weight", {rows, m_.hidden}, whole({kTable}));
    return b_.embedding("embed", table_, m_.vocabulary);
  }

  // A linear behind an RMSNorm: two operators, or one where they are fused.
  TensorId normed_linear(std::string_view norm, TensorId norm_w, std::string_view name, TensorId x,
                         TensorId w, bool gated = false) {
    if (norms_fused_)
      return b_.linear(std::string(name), x, w,
                       {.norm = norm_w, .epsilon = m_.epsilon, .gated = gated});
    const TensorId y = b_.rmsnorm(std::string(norm), x, norm_w, m_.epsilon);
    return b_.linear(std::string(name), y, w, {.gated = gated});
  }

  TensorId attention_block(TensorId x) {
    AttentionParams params;
    params.heads = share_.heads;
    params.kv_heads = share_.kv_heads;
    params.head_dim = m_.head_dim;
    params.epsilon = m_.epsilon;
    params.rope_theta = m_.rope_theta;
    params.rope_scaling = m_.rope_scaling;
    params.splits = step_.attention_parts;
    params.split_positions = step_.attention_parts > 1 ? step_.attention_positions : 0;
    params.page_positions = step_.page_positions;
    const std::int64_t width = (params.heads + 2 * params.kv_heads) * m_.head_dim;
    const TensorId norm_w = norm_weight("input_norm", "input_layernorm", m_.hidden);
    WeightSource qkv_source = shard(0, WeightLayout::kQkvByKvHead,
                                    {parameter("self_attn.q_proj"), parameter("self_attn.k_proj"),
                                     parameter("self_attn.v_proj")});
    qkv_source.kv_replicas = share_.kv_replicas;
    const TensorId qkv_w = layer_weight("qkv", {width, m_.hidden}, std::move(qkv_source));
    const TensorId qkv = normed_linear("input_norm", norm_w, "qkv", x, qkv_w);
    std::optional<QkNorm> qk_norm;
    if (m_.has_qk_norm())
      qk_norm = QkNorm{norm_weight("q_norm", "self_attn.q_norm", m_.head_dim),
                       norm_weight("k_norm", "self_attn.k_norm", m_.head_dim)};
    const TensorId y = b_.attention("attention", qkv, params, qk_norm);
    const TensorId o_w =
        layer_weight("o_proj", {m_.hidden, params.heads * m_.head_dim},
                     shard(1, WeightLayout::kPlain, {parameter("self_attn.o_proj")}));
    return b_.linear("o_proj", y, o_w, {.residual = residual(x)});
  }

  TensorId dense_block(TensorId x) {
    const std::int64_t width = share_.intermediate;
    const TensorId norm_w = norm_weight("post_norm", "post_attention_layernorm", m_.hidden);
    const TensorId gate_up_w =
        layer_weight("gate_up", {2 * width, m_.hidden},
                     shard(0, WeightLayout::kInterleavedRows,
                           {parameter("mlp.gate_proj"), parameter("mlp.up_proj")}));
    const bool gated = fusion_ == OperatorFusion::kNormGated;
    const TensorId gate_up = normed_linear("post_norm", norm_w, "gate_up", x, gate_up_w, gated);
    const TensorId down_w = layer_weight(
        "down", {m_.hidden, width}, shard(1, WeightLayout::kPlain, {parameter("mlp.down_proj")}));
    if (gated) return b_.linear("down", gate_up, down_w, {.residual = residual(x)});
    if (fusion_ == OperatorFusion::kNormLinear)
      return b_.linear("down", gate_up, down_w, {.residual = residual(x), .silu_input = true});
    const TensorId y = b_.silu_mul("silu_mul", gate_up);
    return b_.linear("down", y, down_w, {.residual = residual(x)});
  }

  // The norm stays an operator of its own in the fused variant: router and experts both read it.
  TensorId expert_block(TensorId x) {
    const MoeConfig& moe = *m_.moe;
    const std::int64_t width = share_.expert_intermediate;
    const TensorId norm_w = norm_weight("post_norm", "post_attention_layernorm", m_.hidden);
    const TensorId y = b_.rmsnorm("post_norm", x, norm_w, m_.epsilon);
    const TensorId router_w =
        layer_weight("router", {moe.experts, m_.hidden}, whole({parameter("mlp.gate")}));
    MoeParams p;
    p.schedule = step_.experts;
    p.experts = moe.experts;
    p.top_k = moe.top_k;
    p.in = m_.hidden;
    p.out = 2 * width;
    p.normalise_top_k = moe.normalise_top_k;
    const Routing routing = b_.topk_softmax("topk_softmax", b_.linear("router", y, router_w), p);
    const TensorId w13 = layer_weight(
        "w13", {moe.experts, p.out, m_.hidden},
        shard(0, WeightLayout::kStackedExperts,
              {parameter("mlp.experts.{}.gate_proj"), parameter("mlp.experts.{}.up_proj")}));
    const TensorId gate_up = b_.expert_linear("w13", y, w13, routing, p);
    p.in = p.out = width;
    const TensorId h = b_.expert_silu_mul("moe_silu_mul", gate_up, p);
    p.out = m_.hidden;
    const TensorId w2 = layer_weight(
        "w2", {moe.experts, m_.hidden, width},
        shard(1, WeightLayout::kStackedExperts, {parameter("mlp.experts.{}.down_proj")}));
    const TensorId z = b_.expert_linear("w2", h, w2, routing, p);
    return b_.weighted_sum("weighted_sum", z, routing, residual(x), p);
  }

  TensorId logits(TensorId x) {
    const TensorId norm_w =
        b_.weight("final_norm.weight", {m_.hidden}, whole({"model.norm.weight"}));
    TensorId w = table_;
    if (!m_.tied_embeddings || devices_ > 1)
      w = b_.weight(
          "lm_head.weight", {share_.vocabulary, m_.hidden},
          shard(0, WeightLayout::kPlain, {m_.tied_embeddings ? kTable : "lm_head.weight"}));
    return normed_linear("final_norm", norm_w, "lm_head", x, w);
  }

  static constexpr const char* kTable = "model.embed_tokens.weight";

  const ModelConfig& m_;
  Share share_;
  StepShape step_;
  std::uint8_t devices_;
  bool norms_fused_;
  OperatorFusion fusion_;
  ComputationGraphBuilder b_;
  std::uint32_t layer_ = 0;
  std::uint8_t device_ = 0;
  TensorId table_{};  // of the last device
};

}  // namespace

Result<ComputationGraph> build_decode_step(const ModelConfig& model, const StepShape& shape,
                                           OperatorFusion fusion) {
  if (shape.max_context > model.max_positions)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: a context of {} tokens, the model has {} positions", model.name,
                            shape.max_context, model.max_positions));
  constexpr std::uint32_t kMostDevices = 64;
  if (shape.devices < 1 || shape.devices > kMostDevices)
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: --tp {}: 1 to {} devices are possible",
                                                      model.name, shape.devices, kMostDevices));
  const Result<Share> share = share_of(model, shape.devices);
  if (!share) return tl::unexpected(share.error());
  return DecodeStep(model, *share, shape, fusion).build();
}

}  // namespace mk
