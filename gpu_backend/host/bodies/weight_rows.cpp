#include "gpu_backend/host/bodies/weight_rows.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

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

// Whether a tensor of that rank may be made of so many parameters.
bool fits(const WeightSource& source, std::uint8_t rank) {
  const std::size_t parameters = source.parameters.size();
  switch (source.layout) {
    case WeightLayout::kPlain:
      return parameters == 1 && rank <= 2;
    case WeightLayout::kInterleavedRows:
      return parameters == 2 && rank == 2;
    case WeightLayout::kQkvByKvHead:
      return parameters == 3 && rank == 2;
    case WeightLayout::kStackedExperts:
      return (parameters == 1 || parameters == 2) && rank == 3;
  }
  return false;
}

tl::unexpected<Error> refuse(const Tensor& tensor, std::string_view why) {
  return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}", tensor.name, why));
}

}  // namespace

Result<WeightRows> WeightRows::of(const TaskGraph& graph, TensorId id) {
  const Tensor& tensor = graph.tensors()[id.index];
  const WeightSource& source = tensor.source;
  if (!fits(source, tensor.shape.rank)) {
    return refuse(tensor,
                  fmt::format("{} parameters and rank {} do not fit the layout '{}'",
                              source.parameters.size(), tensor.shape.rank, name_of(source.layout)));
  }
  WeightRows layout;
  layout.layout_ = source.layout;
  layout.row_length_ = tensor.shape.extent[tensor.shape.rank - 1];
  layout.rows_ = tensor.shape.elements() / layout.row_length_;
  Share share;
  // Of an expert's matrix, where there are experts.
  share.by_columns = tensor.shape.rank > 1 && source.shard_dim == 1;
  share.shares = share.by_columns ? 1 : source.shards;
  share.shard = share.by_columns ? 0 : source.shard;
  share.length = layout.row_length_ * (share.by_columns ? source.shards : 1);
  if (share.by_columns) layout.first_column_ = source.shard * layout.row_length_;
  if (Status added = layout.add_parameters(graph, id, share); !added) {
    return tl::unexpected(added.error());
  }
  return layout;
}

// `rows`: of this device's share.
void WeightRows::add_matrix(std::string name, std::int64_t rows, const Share& share) {
  TensorSpec spec;
  spec.name = std::move(name);
  spec.shape = {rows * share.shares, share.length};
  parameters_.push_back(std::move(spec));
  first_row_.push_back(share.shard * rows);
}

Status WeightRows::add_parameters(const TaskGraph& graph, TensorId id, const Share& share) {
  const Tensor& tensor = graph.tensors()[id.index];
  const std::vector<std::string>& names = tensor.source.parameters;
  switch (layout_) {
    case WeightLayout::kPlain:
      add_matrix(names[0], rows_, share);
      if (tensor.shape.rank == 1) {
        parameters_[0].shape = {share.length};
      } else {
        parameters_[0].shape[0] = unpadded_rows(graph, id, rows_ * share.shares);
      }
      return {};
    case WeightLayout::kInterleavedRows:
      for (const std::string& name : names) add_matrix(name, rows_ / 2, share);
      return {};
    case WeightLayout::kQkvByKvHead:
      return add_qkv(graph, id, share);
    case WeightLayout::kStackedExperts:
      return add_experts(tensor, share);
  }
  return {};
}

Status WeightRows::add_qkv(const TaskGraph& graph, TensorId id, const Share& share) {
  const Tensor& tensor = graph.tensors()[id.index];
  const auto* attention = params_behind<AttentionParams>(graph, id);
  if (attention == nullptr ||
      (attention->heads + 2 * attention->kv_heads) * attention->head_dim != rows_) {
    return refuse(tensor,
                  "laid out by KV head, but no attention of that many heads reads its output");
  }
  head_dim_ = attention->head_dim;
  group_rows_ = attention->heads / attention->kv_heads * attention->head_dim;
  Share of_kv = share;
  of_kv.shares /= tensor.source.kv_replicas;
  of_kv.shard /= tensor.source.kv_replicas;
  const std::vector<std::string>& names = tensor.source.parameters;
  add_matrix(names[0], attention->heads * head_dim_, share);
  add_matrix(names[1], attention->kv_heads * head_dim_, of_kv);
  add_matrix(names[2], attention->kv_heads * head_dim_, of_kv);
  return {};
}

// Names hold "{}" where the expert's number stands.
Status WeightRows::add_experts(const Tensor& tensor, const Share& share) {
  constexpr std::string_view kNumber = "{}";
  expert_rows_ = tensor.shape.extent[1];
  expert_parameters_ = static_cast<std::int64_t>(tensor.source.parameters.size());
  for (std::int64_t expert = 0; expert < tensor.shape.extent[0]; ++expert) {
    for (std::string name : tensor.source.parameters) {
      const std::size_t at = name.find(kNumber);
      if (at == std::string::npos) {
        return refuse(tensor, fmt::format("{} has no place for the expert's number", name));
      }
      name.replace(at, kNumber.size(), std::to_string(expert));
      add_matrix(std::move(name), expert_rows_ / expert_parameters_, share);
    }
  }
  return {};
}

std::optional<SourceRow> WeightRows::source_of(std::int64_t row) const {
  if (!is_matrix()) return SourceRow{0, 0};
  switch (layout_) {
    case WeightLayout::kPlain:
      if (first_row_[0] + row >= parameters_[0].shape[0]) return std::nullopt;
      return SourceRow{0, first_row_[0] + row};
    case WeightLayout::kInterleavedRows:
      return SourceRow{static_cast<std::uint32_t>(row % 2), first_row_[0] + row / 2};
    case WeightLayout::kStackedExperts: {
      const std::int64_t within = row % expert_rows_;
      const std::int64_t parameter =
          row / expert_rows_ * expert_parameters_ + within % expert_parameters_;
      return SourceRow{static_cast<std::uint32_t>(parameter),
                       first_row_[0] + within / expert_parameters_};
    }
    case WeightLayout::kQkvByKvHead:
      break;
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
