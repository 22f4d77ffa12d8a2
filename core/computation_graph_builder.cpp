#include "core/computation_graph_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "core/operator_draft.h"

namespace mk {

ComputationGraphBuilder::ComputationGraphBuilder(std::string model, const StepShape& step) {
  graph_.model = std::move(model);
  graph_.batch_tokens = step.batch_tokens;
  graph_.requests = step.requests;
  graph_.max_context = step.max_context;
  constexpr std::uint32_t kMostDevices = 255;
  if (step.devices < 1 || step.devices > kMostDevices)
    refuse("step", fmt::format("{} devices: 1 to {} are possible", step.devices, kMostDevices));
  graph_.devices = static_cast<std::uint8_t>(std::clamp(step.devices, 1u, kMostDevices));
  if (step.requests < 1 || step.max_context < 1 || step.batch_tokens < step.requests) {
    refuse("step", fmt::format("{} batch tokens, {} requests, {} positions: needs at least one of "
                               "each, and a batch token for each request",
                               step.batch_tokens, step.requests, step.max_context));
    graph_.batch_tokens = graph_.requests = graph_.max_context = 1;
  }
  for (std::uint8_t d = 0; d < graph_.devices; ++d) {
    graph_.tensors.push_back(
        {"tokens", {std::int64_t{graph_.batch_tokens}}, DType::kI32, TensorRole::kToken, d});
  }
}

void ComputationGraphBuilder::set_device(std::uint8_t device) {
  if (device >= graph_.devices)
    return refuse("step", fmt::format("device {} of {}", device, graph_.devices));
  device_ = device;
}

void ComputationGraphBuilder::refuse(std::string_view name, std::string why) {
  if (!error_) error_ = Error{ErrorCode::kInvalidInput, fmt::format("{}: {}", name, why)};
}

bool ComputationGraphBuilder::known(std::string_view name, TensorId tensor) {
  if (tensor.index < graph_.tensors.size()) return true;
  refuse(name, fmt::format("tensor {} does not exist", tensor.index));
  return false;
}

bool ComputationGraphBuilder::is_matrix(std::string_view name, std::string_view what,
                                        TensorId tensor, std::int64_t rows, std::int64_t columns) {
  if (!known(name, tensor)) return false;
  const Shape& s = shape(tensor);
  if (s.rank == 2 && s.extent[0] == rows && s.extent[1] == columns) return true;
  refuse(name, fmt::format("{} is [{}, {}] of rank {}, not [{}, {}]", what, s.extent[0],
                           s.extent[1], s.rank, rows, columns));
  return false;
}

bool ComputationGraphBuilder::is_activation(std::string_view name, TensorId tensor) {
  return known(name, tensor) &&
         is_matrix(name, "the input", tensor, tokens(), shape(tensor).extent[1]);
}

ComputationGraphBuilder::Draft ComputationGraphBuilder::draft(std::string name, TaskKind kind) {
  Draft d;
  d.node.op.name = std::move(name);
  d.node.op.kind = kind;
  d.node.op.layer = layer_;
  d.node.op.device = device_;
  return d;
}

TensorId ComputationGraphBuilder::output(const Draft& d, std::string_view what, Shape s,
                                         DType dtype) {
  const std::string layer = layer_ ? fmt::format("L{}.", *layer_) : std::string();
  const bool is_cache = what == "k_cache" || what == "v_cache";
  graph_.tensors.push_back({fmt::format("{}{}.{}", layer, d.node.op.name, what), s, dtype,
                            is_cache ? TensorRole::kKvCache : TensorRole::kActivation, device_});
  return TensorId(static_cast<std::uint32_t>(graph_.tensors.size() - 1));
}

void ComputationGraphBuilder::append(Draft d) {
  if (d.node.op.name.empty()) refuse("operator", "has no name");
  graph_.operators.push_back(std::move(d.node));
}

TensorId ComputationGraphBuilder::weight(std::string name, Shape s, WeightSource source) {
  for (const std::int64_t extent : s.extent) {
    if (extent < 1) {
      refuse(name, fmt::format("an extent of {}", extent));
      s = Shape{1};
    }
  }
  if (source.parameters.empty()) source.parameters.push_back(name);
  graph_.tensors.push_back(
      {std::move(name), s, DType::kBf16, TensorRole::kWeight, device_, std::move(source)});
  return TensorId(static_cast<std::uint32_t>(graph_.tensors.size() - 1));
}

TensorId ComputationGraphBuilder::embedding(std::string name, TensorId table,
                                            std::int64_t vocabulary) {
  if (!known(name, table)) return {};
  const std::int64_t hidden = shape(table).extent[1];
  if (vocabulary == 0) vocabulary = shape(table).extent[0];
  if (vocabulary > shape(table).extent[0] || shape(table).rank != 2)
    refuse(name, fmt::format("the table has {} rows, the vocabulary {}", shape(table).extent[0],
                             vocabulary));
  Draft d = draft(std::move(name), TaskKind::kEmbedding);
  d.node.op.params = EmbeddingParams{vocabulary, hidden};
  const TensorId x = output(d, "out", {tokens(), hidden}, DType::kBf16);
  d.axis("width", hidden).read(TensorId(device_)).read(table, {no_cut(), even_cut(0)});
  d.write(x, {no_cut(), even_cut(0)});
  append(std::move(d));
  return x;
}

TensorId ComputationGraphBuilder::rmsnorm(std::string name, TensorId x, TensorId weight,
                                          double epsilon) {
  if (!is_activation(name, x) || !known(name, weight)) return {};
  const std::int64_t hidden = shape(x).extent[1];
  if (shape(weight) != Shape{hidden})
    refuse(name, fmt::format("the weight has {} elements, the rows {}", shape(weight).elements(),
                             hidden));
  Draft d = draft(std::move(name), TaskKind::kRmsNorm);
  d.node.op.params = RmsNormParams{hidden, epsilon};
  const TensorId y = output(d, "out", {tokens(), hidden}, DType::kBf16);
  d.axis("tokens", tokens()).read(x, {even_cut(0)}).read(weight).write(y, {even_cut(0)});
  append(std::move(d));
  return y;
}

TensorId ComputationGraphBuilder::linear(std::string name, TensorId x, TensorId weight,
                                         const LinearOptions& o) {
  if (!is_activation(name, x) || !known(name, weight)) return {};
  const std::int64_t out = shape(weight).extent[0];
  const std::int64_t in = shape(weight).extent[1];
  const bool interleaved =
      graph_.tensors[weight.index].source.layout == WeightLayout::kInterleavedRows;
  const std::int64_t granule = interleaved || o.gated ? 2 : 1;
  if (!is_matrix(name, "the input", x, tokens(), o.silu_input ? 2 * in : in)) return {};
  if (o.gated && out % 2 != 0)
    return refuse(name, fmt::format("{} rows, which are not pairs of gate and up", out)),
           TensorId{};
  if (o.residual && !is_matrix(name, "the residual", *o.residual, tokens(), out)) return {};
  if (o.norm && (!known(name, *o.norm) || o.silu_input || shape(*o.norm) != Shape{in}))
    return refuse(name, fmt::format("the norm weight must have {} elements", in)), TensorId{};
  Draft d = draft(std::move(name), o.norm         ? TaskKind::kNormLinear
                                   : o.silu_input ? TaskKind::kSiluLinear
                                                  : TaskKind::kLinear);
  d.node.op.params = LinearParams{in, out, o.residual.has_value(), o.epsilon, o.gated};
  const std::int64_t width = o.gated ? out / 2 : out;
  const TensorId y = output(d, "out", {tokens(), width}, DType::kBf16);
  d.axis("rows", (out + granule - 1) / granule).read(x);
  if (o.norm) d.read(*o.norm);
  d.read(weight, {even_cut(0, granule)});
  if (o.residual) d.read(*o.residual, {no_cut(), even_cut(0, granule)});
  d.write(y, {no_cut(), even_cut(0, o.gated ? 1 : granule)});
  append(std::move(d));
  return y;
}

TensorId ComputationGraphBuilder::attention(std::string name, TensorId qkv, AttentionParams p,
                                            std::optional<QkNorm> norm) {
  if (p.heads < 1 || p.kv_heads < 1 || p.head_dim < 1 || p.heads % p.kv_heads != 0)
    return refuse(name,
                  fmt::format("{} heads, {} KV heads of {}", p.heads, p.kv_heads, p.head_dim)),
           TensorId{};
  p.max_context = graph_.max_context;
  p.qk_norm = norm.has_value();
  if (p.splits < 1 || (p.splits > 1) != (p.split_positions > 0) ||
      (p.splits - 1) * p.split_positions >= p.max_context)
    return refuse(name, fmt::format("{} parts of {} positions, the KV cache has {}", p.splits,
                                    p.split_positions, p.max_context)),
           TensorId{};
  if (p.page_positions != 0 && !std::has_single_bit(static_cast<std::uint64_t>(p.page_positions)))
    return refuse(name,
                  fmt::format("pages of {} positions, must be a power of two", p.page_positions)),
           TensorId{};
  const std::int64_t group = p.heads / p.kv_heads;
  const std::int64_t width = (p.heads + 2 * p.kv_heads) * p.head_dim;
  if (!is_matrix(name, "qkv", qkv, tokens(), width)) return {};
  Draft d = draft(name, TaskKind::kAttention);
  d.node.op.params = p;
  d.axis("requests", graph_.requests).axis("kv_heads", p.kv_heads);
  if (p.splits > 1) d.axis("parts", p.splits);
  const KvCache cache = kv_cache(d, p);
  d.read(qkv, {dynamic_cut(0), even_cut(1, (group + 2) * p.head_dim)});
  d.read(cache.k, cache.cut).read(cache.v, cache.cut);
  if (norm) d.read(norm->q).read(norm->k);
  if (cache.page_table) d.read(*cache.page_table, {even_cut(0)});
  TensorId y;
  if (p.splits > 1) {
    y = output(d, "partial", {tokens(), p.heads, p.splits, p.head_dim + 2}, DType::kF32);
    d.write(y, {dynamic_cut(0), even_cut(1, group), even_cut(2)});
  } else {
    y = output(d, "out", {tokens(), p.heads * p.head_dim}, DType::kBf16);
    d.write(y, {dynamic_cut(0), even_cut(1, group * p.head_dim)});
  }
  d.write(cache.k, cache.cut).write(cache.v, cache.cut);
  append(std::move(d));
  return p.splits > 1 ? attention_merge(name + "_merge", y, p) : y;
}

// Pages belong to requests, and positions to parts of a context, as run-time data says.
ComputationGraphBuilder::KvCache ComputationGraphBuilder::kv_cache(const Draft& d,
                                                                   const AttentionParams& p) {
  KvCache cache;
  const bool is_paged = p.page_positions != 0;
  Shape shape{std::int64_t{graph_.requests}, p.kv_heads, p.max_context, p.head_dim};
  if (is_paged) {
    cache.page_table = page_table(p);
    const Shape& table = graph_.tensors[cache.page_table->index].shape;
    shape = {table.extent[0] * table.extent[1], p.kv_heads, p.page_positions, p.head_dim};
  }
  cache.k = output(d, "k_cache", shape, DType::kBf16);
  cache.v = output(d, "v_cache", shape, DType::kBf16);
  cache.cut = {is_paged ? dynamic_cut(0) : even_cut(0), even_cut(1),
               p.splits > 1 ? dynamic_cut(2) : no_cut()};
  return cache;
}

TensorId ComputationGraphBuilder::page_table(const AttentionParams& p) {
  const auto found = page_tables_.find(device_);
  const std::int64_t pages = (p.max_context + p.page_positions - 1) / p.page_positions;
  if (found != page_tables_.end()) {
    if (shape(found->second).extent[1] != pages)
      refuse("page_table", "the attentions of a device have pages of one size");
    return found->second;
  }
  graph_.tensors.push_back({"page_table",
                            {std::int64_t{graph_.requests}, pages},
                            DType::kI32,
                            TensorRole::kPageTable,
                            device_});
  const TensorId table(static_cast<std::uint32_t>(graph_.tensors.size() - 1));
  page_tables_.emplace(device_, table);
  return table;
}

TensorId ComputationGraphBuilder::attention_merge(std::string name, TensorId partial,
                                                  const AttentionParams& p) {
  const std::int64_t group = p.heads / p.kv_heads;
  Draft d = draft(std::move(name), TaskKind::kAttentionMerge);
  d.node.op.params = p;
  const TensorId y = output(d, "out", {tokens(), p.heads * p.head_dim}, DType::kBf16);
  d.axis("requests", graph_.requests).axis("kv_heads", p.kv_heads);
  d.read(partial, {dynamic_cut(0), even_cut(1, group)});
  d.write(y, {dynamic_cut(0), even_cut(1, group * p.head_dim)});
  append(std::move(d));
  return y;
}

TensorId ComputationGraphBuilder::silu_mul(std::string name, TensorId gate_up) {
  if (!is_activation(name, gate_up)) return {};
  const std::int64_t width = shape(gate_up).extent[1] / 2;
  if (width < 1 || shape(gate_up).extent[1] % 2 != 0)
    return refuse(name, "the input is not pairs of gate and up"), TensorId{};
  Draft d = draft(std::move(name), TaskKind::kSiluMul);
  d.node.op.params = SiluMulParams{width};
  const TensorId y = output(d, "out", {tokens(), width}, DType::kBf16);
  d.axis("width", width)
      .read(gate_up, {no_cut(), even_cut(0, 2)})
      .write(y, {no_cut(), even_cut(0)});
  append(std::move(d));
  return y;
}

Routing ComputationGraphBuilder::topk_softmax(std::string name, TensorId logits,
                                              const MoeParams& p) {
  if (p.top_k < 1 || p.top_k > p.experts)
    refuse(name, fmt::format("top {} of {} experts", p.top_k, p.experts));
  if (!is_matrix(name, "the router's logits", logits, tokens(), p.experts)) return {};
  Draft d = draft(std::move(name), TaskKind::kTopkSoftmax);
  d.node.op.params = p;
  Routing r;
  r.expert = output(d, "expert", {tokens(), p.top_k}, DType::kI32);
  r.weight = output(d, "weight", {tokens(), p.top_k}, DType::kF32);
  r.activated = output(d, "activated", {p.experts + 1}, DType::kI32);
  d.read(logits).write(r.expert, {}).write(r.weight, {}).write(r.activated, {});
  append(std::move(d));
  return r;
}

TensorId ComputationGraphBuilder::expert_linear(std::string name, TensorId x, TensorId weight,
                                                const Routing& routing, const MoeParams& p) {
  if (!known(name, x) || !known(name, weight)) return {};
  const Shape& w = shape(weight);
  if (w != Shape{p.experts, p.out, p.in})
    return refuse(name, fmt::format("the weight is [{}, {}, {}], not [{}, {}, {}]", w.extent[0],
                                    w.extent[1], w.extent[2], p.experts, p.out, p.in)),
           TensorId{};
  if (shape(x) != Shape{tokens(), p.in} && shape(x) != Shape{tokens(), p.top_k, p.in})
    return refuse(name, fmt::format("the input is neither [{0}, {1}] nor [{0}, {2}, {1}]", tokens(),
                                    p.in, p.top_k)),
           TensorId{};
  const bool pairs = graph_.tensors[weight.index].source.parameters.size() == 2;
  const std::int64_t granule = pairs ? 2 : 1;
  Draft d = draft(std::move(name), TaskKind::kExpertLinear);
  d.node.op.params = p;
  const TensorId y = output(d, "out", {tokens(), p.top_k, p.out}, DType::kBf16);
  d.axis("experts", p.experts).axis("rows", (p.out + granule - 1) / granule);
  d.read(x).read(weight, {dynamic_cut(0), even_cut(1, granule)});
  d.read(routing.expert).read(routing.activated);
  d.write(y, {dynamic_cut(0), dynamic_cut(0), even_cut(1, granule)});
  append(std::move(d));
  return y;
}

TensorId ComputationGraphBuilder::expert_silu_mul(std::string name, TensorId gate_up,
                                                  const MoeParams& p) {
  if (!known(name, gate_up)) return {};
  if (shape(gate_up) != Shape{tokens(), p.top_k, 2 * p.out})
    return refuse(name, fmt::format("the input is not [{}, {}, {}]", tokens(), p.top_k, 2 * p.out)),
           TensorId{};
  Draft d = draft(std::move(name), TaskKind::kExpertSiluMul);
  d.node.op.params = p;
  const TensorId y = output(d, "out", {tokens(), p.top_k, p.out}, DType::kBf16);
  d.axis("tokens", tokens()).axis("top_k", p.top_k);
  d.read(gate_up, {even_cut(0), even_cut(1)}).write(y, {even_cut(0), even_cut(1)});
  append(std::move(d));
  return y;
}

TensorId ComputationGraphBuilder::weighted_sum(std::string name, TensorId y, const Routing& routing,
                                               std::optional<TensorId> residual,
                                               const MoeParams& params) {
  if (!known(name, y)) return {};
  MoeParams p = params;
  p.residual = residual.has_value();
  if (shape(y) != Shape{tokens(), p.top_k, p.out})
    return refuse(name, fmt::format("the input is not [{}, {}, {}]", tokens(), p.top_k, p.out)),
           TensorId{};
  if (residual && !is_matrix(name, "the residual", *residual, tokens(), p.out)) return {};
  Draft d = draft(std::move(name), TaskKind::kWeightedSum);
  d.node.op.params = p;
  const TensorId out = output(d, "out", {tokens(), p.out}, DType::kBf16);
  d.axis("tokens", tokens()).axis("width", p.out);
  d.read(y, {even_cut(0), no_cut(), even_cut(1)}).read(routing.weight, {even_cut(0)});
  if (residual) d.read(*residual, {even_cut(0), even_cut(1)});
  d.write(out, {even_cut(0), even_cut(1)});
  append(std::move(d));
  return out;
}

Result<ComputationGraph> ComputationGraphBuilder::build() && {
  if (error_) return tl::unexpected(with_context(graph_.model, *error_));
  if (Status status = validate(graph_); !status)
    return tl::unexpected(with_context(graph_.model, status.error()));
  return std::move(graph_);
}

}  // namespace mk
