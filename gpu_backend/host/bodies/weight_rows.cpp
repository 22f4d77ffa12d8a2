#include "gpu_backend/host/bodies/weight_rows.h"

#include <fmt/format.h>

namespace mk {
namespace {

bool touches(const Operator& op, TensorId tensor, AccessMode mode) {
  for (const Access& access : op.accesses) {
    if (access.tensor == tensor && access.mode == mode) return true;
  }
  return false;
}

// Parameters of type P of an operator that reads what an operator which reads `weight` writes.
template <typename P>
const P* params_behind(const TaskGraph& graph, TensorId weight) {
  for (const Operator& op : graph.operators()) {
    if (!touches(op, weight, AccessMode::kRead)) continue;
    for (const Operator& next : graph.operators()) {
      const P* params = std::get_if<P>(&next.params);
      if (params == nullptr) continue;
      for (const Access& output : op.accesses) {
        const bool written = output.mode == AccessMode::kWrite;
        if (written && touches(next, output.tensor, AccessMode::kRead)) return params;
      }
    }
  }
  return nullptr;
}

// Rows that the checkpoint has of a table or an output layer whose vocabulary is padded.
std::int64_t unpadded_rows(const TaskGraph& graph, TensorId tensor, std::int64_t rows) {
  for (const Operator& op : graph.operators()) {
    const auto* embedding = std::get_if<EmbeddingParams>(&op.params);
    if (embedding != nullptr && touches(op, tensor, AccessMode::kRead)) {
      return embedding->vocabulary;
    }
  }
  const auto* argmax = params_behind<ArgmaxParams>(graph, tensor);
  return argmax == nullptr ? rows : argmax->vocabulary;
}

std::size_t parameters_of(WeightLayout layout) {
  switch (layout) {
    case WeightLayout::kPlain:
      return 1;
    case WeightLayout::kInterleavedRows:
      return 2;
    case WeightLayout::kQkvByKvHead:
      return 3;
    case WeightLayout::kStackedExperts:
      return 0;
  }
  return 0;
}

}  // namespace

Result<WeightRows> WeightRows::of(const TaskGraph& graph, TensorId id) {
  const Tensor& tensor = graph.tensors()[id.index];
  const auto refuse = [&](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("{}: {}", tensor.name, why));
  };
  WeightRows layout;
  layout.layout_ = tensor.source.layout;
  if (layout.layout_ == WeightLayout::kStackedExperts) {
    return refuse(ErrorCode::kUnsupported, "experts' weights cannot be loaded on the host yet");
  }
  const bool is_vector = tensor.shape.rank == 1;
  if (tensor.shape.rank > 2 || tensor.source.parameters.size() != parameters_of(layout.layout_) ||
      (is_vector && layout.layout_ != WeightLayout::kPlain)) {
    return refuse(
        ErrorCode::kInvalidInput,
        fmt::format("{} parameters and rank {} do not fit the layout '{}'",
                    tensor.source.parameters.size(), tensor.shape.rank, name_of(layout.layout_)));
  }
  layout.rows_ = is_vector ? 1 : tensor.shape.extent[0];
  layout.row_length_ = tensor.shape.extent[is_vector ? 0 : 1];
  const WeightSource& source = tensor.source;
  const bool by_columns = source.shard_dim == 1;
  const std::int64_t shard = source.shard;
  const std::int64_t row_shares = by_columns ? 1 : source.shards;
  const std::int64_t length = layout.row_length_ * (by_columns ? source.shards : 1);
  if (by_columns) layout.first_column_ = shard * layout.row_length_;
  if (is_vector) {
    layout.shapes_ = {{length}};
    layout.first_row_ = {0};
  } else if (layout.layout_ == WeightLayout::kPlain) {
    layout.shapes_ = {{unpadded_rows(graph, id, layout.rows_ * row_shares), length}};
    layout.first_row_ = {by_columns ? 0 : shard * layout.rows_};
  } else if (layout.layout_ == WeightLayout::kInterleavedRows) {
    const std::int64_t rows = layout.rows_ / 2;
    layout.shapes_ = {{rows * row_shares, length}, {rows * row_shares, length}};
    layout.first_row_ = {shard * rows, shard * rows};
  } else {
    const auto* attention = params_behind<AttentionParams>(graph, id);
    if (attention == nullptr ||
        (attention->heads + 2 * attention->kv_heads) * attention->head_dim != layout.rows_) {
      return refuse(ErrorCode::kInvalidInput,
                    "laid out by KV head, but no attention of that many heads reads its output");
    }
    layout.head_dim_ = attention->head_dim;
    layout.group_rows_ = attention->heads / attention->kv_heads * attention->head_dim;
    const std::int64_t q_rows = attention->heads * attention->head_dim;
    const std::int64_t kv_rows = attention->kv_heads * attention->head_dim;
    const std::int64_t kv_shares = row_shares / source.kv_replicas;
    layout.shapes_ = {{q_rows * row_shares, length},
                      {kv_rows * kv_shares, length},
                      {kv_rows * kv_shares, length}};
    const std::int64_t kv_first = shard / source.kv_replicas * kv_rows;
    layout.first_row_ = {shard * q_rows, kv_first, kv_first};
  }
  return layout;
}

std::optional<SourceRow> WeightRows::source_of(std::int64_t row) const {
  if (!is_matrix()) return SourceRow{0, 0};
  if (layout_ == WeightLayout::kInterleavedRows) {
    return SourceRow{static_cast<std::uint32_t>(row % 2), first_row_[0] + row / 2};
  }
  if (layout_ == WeightLayout::kPlain) {
    if (first_row_[0] + row >= shapes_[0][0]) return std::nullopt;
    return SourceRow{0, first_row_[0] + row};
  }
  const std::int64_t slice = group_rows_ + 2 * head_dim_;
  const std::int64_t head = row / slice;
  const std::int64_t within = row % slice;
  if (within < group_rows_) return SourceRow{0, first_row_[0] + head * group_rows_ + within};
  const bool is_value = within >= group_rows_ + head_dim_;
  return SourceRow{is_value ? 2U : 1U,
                   first_row_[1] + head * head_dim_ + (within - group_rows_) % head_dim_};
}

}  // namespace mk
