// Which rows of which checkpoint parameters the rows of a graph's weight tensor are made of, and,
// where the model is shared out over several devices, which part of these rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/task_graph.h"
#include "gpu_backend/weights/safetensors_header.h"

namespace mk {

struct SourceRow {
  std::uint32_t parameter = 0;  // index into WeightRows::parameters()
  std::int64_t row = 0;
  friend bool operator==(const SourceRow&, const SourceRow&) = default;
};

// The layout of one weight tensor. A vector (a norm's weight) is one row; of stacked experts, each
// expert's rows follow those of the one before.
class WeightRows {
 public:
  // kInvalidInput, naming the tensor, iff its layout does not fit its shape or its place in the
  // graph.
  [[nodiscard]] static Result<WeightRows> of(const TaskGraph& graph, TensorId tensor);

  bool is_matrix() const { return parameters_[0].shape.size() == 2; }
  std::int64_t rows() const { return rows_; }
  std::int64_t row_length() const { return row_length_; }
  // Of a parameter's row, the tensor has [first_column, first_column + row_length).
  std::int64_t first_column() const { return first_column_; }
  // What it is read from: names, and the shapes that they have in the checkpoint. Stacked experts:
  // those of expert 0, then of expert 1 ...
  const std::vector<TensorSpec>& parameters() const { return parameters_; }
  // None: the row is padding, zero. Requires: 0 <= row < rows().
  std::optional<SourceRow> source_of(std::int64_t row) const;

 private:
  // Along which dimension the model is shared out, and which share this is.
  struct Share {
    bool by_columns = false;
    std::int64_t shares = 1;  // along rows
    std::int64_t shard = 0;   // along rows
    std::int64_t length = 0;  // of a parameter's row, all shares together
  };

  void add_matrix(std::string name, std::int64_t rows, const Share& share);
  Status add_parameters(const TaskGraph& graph, TensorId id, const Share& share);
  Status add_qkv(const TaskGraph& graph, TensorId id, const Share& share);
  Status add_experts(const Tensor& tensor, const Share& share);

  WeightLayout layout_ = WeightLayout::kPlain;
  std::int64_t rows_ = 1;
  std::int64_t row_length_ = 1;
  std::int64_t first_column_ = 0;
  // By parameter: the first of its rows that this device's share begins with.
  std::vector<std::int64_t> first_row_{};
  std::int64_t group_rows_ = 0;         // of kQkvByKvHead: rows of q heads that share a KV head
  std::int64_t head_dim_ = 0;           // of kQkvByKvHead
  std::int64_t expert_rows_ = 0;        // of kStackedExperts
  std::int64_t expert_parameters_ = 1;  // of kStackedExperts: interleaved row by row
  std::vector<TensorSpec> parameters_{};
};

}  // namespace mk
