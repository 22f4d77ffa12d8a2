// The fields of every struct that a task graph consists of, once: the graph's hash and its file are
// derived from these lists, so that neither can forget a field. `visit_fields(struct, f)` calls
// f("name", field) in a fixed order; adding a field here changes hashes and the file's version.
#pragma once

#include <type_traits>

#include "core/task_graph.h"

namespace mk::graph_fields {

template <typename S, typename T>
concept Is = std::is_same_v<std::remove_const_t<S>, T>;

// A field that older files of this version lack: hashed and written iff it is set, so that graphs
// without it keep their hash; who reads is told that it may be missing, by `f("name", field,
// true)`.
template <typename T, typename F>
void visit_newer(const char* name, T& field, F&& f) {
  if constexpr (!std::is_const_v<T>) {
    f(name, field, true);
  } else if (field) {
    f(name, field);
  }
}

template <Is<NoParams> S, typename F>
void visit_fields(S&, F&&) {}

template <Is<EmbeddingParams> S, typename F>
void visit_fields(S& s, F&& f) {
  f("vocabulary", s.vocabulary);
  f("hidden", s.hidden);
}

template <Is<RmsNormParams> S, typename F>
void visit_fields(S& s, F&& f) {
  f("hidden", s.hidden);
  f("epsilon", s.epsilon);
}

template <Is<LinearParams> S, typename F>
void visit_fields(S& s, F&& f) {
  f("in", s.in);
  f("out", s.out);
  f("residual", s.residual);
  f("epsilon", s.epsilon);
  visit_newer("gated", s.gated, f);
}

template <Is<RopeScaling> S, typename F>
void visit_fields(S& s, F&& f) {
  f("factor", s.factor);
  f("low_frequency_factor", s.low_frequency_factor);
  f("high_frequency_factor", s.high_frequency_factor);
  f("original_context", s.original_context);
}

template <Is<AttentionParams> S, typename F>
void visit_fields(S& s, F&& f) {
  f("heads", s.heads);
  f("kv_heads", s.kv_heads);
  f("head_dim", s.head_dim);
  f("max_context", s.max_context);
  f("page_positions", s.page_positions);
  f("splits", s.splits);
  f("split_positions", s.split_positions);
  f("qk_norm", s.qk_norm);
  f("epsilon", s.epsilon);
  f("rope_theta", s.rope_theta);
  f("rope_scaling", s.rope_scaling);
}

template <Is<SiluMulParams> S, typename F>
void visit_fields(S& s, F&& f) {
  f("width", s.width);
}

template <Is<ArgmaxParams> S, typename F>
void visit_fields(S& s, F&& f) {
  f("first_index", s.first_index);
  f("vocabulary", s.vocabulary);
}

template <Is<MoeParams> S, typename F>
void visit_fields(S& s, F&& f) {
  f("schedule", s.schedule);
  f("experts", s.experts);
  f("top_k", s.top_k);
  f("in", s.in);
  f("out", s.out);
  f("normalise_top_k", s.normalise_top_k);
  f("residual", s.residual);
}

template <Is<AllReduceParams> S, typename F>
void visit_fields(S& s, F&& f) {
  f("width", s.width);
  f("peers", s.peers);
  f("rank", s.rank);
}

template <Is<DimCut> S, typename F>
void visit_fields(S& s, F&& f) {
  f("rule", s.rule);
  f("axis", s.axis);
  f("granule", s.granule);
}

template <Is<TensorId> S, typename F>
void visit_fields(S& s, F&& f) {
  f("index", s.index);
}

template <Is<Access> S, typename F>
void visit_fields(S& s, F&& f) {
  f("tensor", s.tensor);
  f("mode", s.mode);
  f("cut", s.cut);
}

template <Is<Grid> S, typename F>
void visit_fields(S& s, F&& f) {
  f("extent", s.extent);
}

template <Is<Operator> S, typename F>
void visit_fields(S& s, F&& f) {
  f("name", s.name);
  f("kind", s.kind);
  f("layer", s.layer);
  f("device", s.device);
  f("grid", s.grid);
  f("accesses", s.accesses);
  f("params", s.params);
}

template <Is<Shape> S, typename F>
void visit_fields(S& s, F&& f) {
  f("extent", s.extent);
  f("rank", s.rank);
}

template <Is<WeightSource> S, typename F>
void visit_fields(S& s, F&& f) {
  f("layout", s.layout);
  f("shard_dim", s.shard_dim);
  f("shard", s.shard);
  f("shards", s.shards);
  f("kv_replicas", s.kv_replicas);
  f("parameters", s.parameters);
}

template <Is<Tensor> S, typename F>
void visit_fields(S& s, F&& f) {
  f("name", s.name);
  f("shape", s.shape);
  f("dtype", s.dtype);
  f("role", s.role);
  f("device", s.device);
  f("source", s.source);
}

template <Is<Term> S, typename F>
void visit_fields(S& s, F&& f) {
  f("quantity", s.quantity);
  f("index", s.index);
  f("coefficient", s.coefficient);
  f("offset", s.offset);
  f("limit", s.limit);
}

template <Is<Amount> S, typename F>
void visit_fields(S& s, F&& f) {
  f("base", s.base);
  f("terms", s.terms);
}

template <Is<TaskClass> S, typename F>
void visit_fields(S& s, F&& f) {
  f("weight_bytes", s.weight_bytes);
  f("activation_bytes", s.activation_bytes);
  f("kv_bytes", s.kv_bytes);
  f("flops", s.flops);
  f("bytes_sent", s.bytes_sent);
  f("peer", s.peer);
  f("preload_bytes", s.preload_bytes);
  f("page_release_step", s.page_release_step);
}

template <Is<GraphInfo> S, typename F>
void visit_fields(S& s, F&& f) {
  f("model", s.model);
  f("model_config", s.model_config);
  f("batch_tokens", s.batch_tokens);
  f("requests", s.requests);
  f("max_context", s.max_context);
  f("context", s.context);
  f("workers", s.workers);
  f("devices", s.devices);
  f("partition", s.partition);
  f("events", s.events);
  f("fusion", s.fusion);
}

template <Is<TaskColumns> S, typename F>
void visit_fields(S& s, F&& f) {
  f("op", s.op);
  f("tile", s.tile);
  f("dependent_event", s.dependent_event);
  f("triggering_event", s.triggering_event);
  f("task_class", s.task_class);
  f("kind", s.kind);
  f("label", s.label);
}

template <Is<EventColumns> S, typename F>
void visit_fields(S& s, F&& f) {
  f("trigger_count", s.trigger_count);
  f("first_task", s.first_task);
  f("end_task", s.end_task);
  f("device", s.device);
}

}  // namespace mk::graph_fields
