// Which rows of which checkpoint parameters the rows of a graph's weight tensor are made of, and,
// where the model is shared out over several devices, which part of these rows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/result.h"
#include "core/task_graph.h"

namespace mk {

struct SourceRow {
  std::uint32_t parameter = 0;  // index into Tensor::source.parameters
  std::int64_t row = 0;
  friend bool operator==(const SourceRow&, const SourceRow&) = default;
};

// The layout of one weight tensor. A vector (a norm's weight) is one row.
class WeightRows {
 public:
  // kInvalidInput, naming the tensor, iff its layout does not fit its shape or its place in the
  // graph; kUnsupported for stacked experts.
  [[nodiscard]] static Result<WeightRows> of(const TaskGraph& graph, TensorId tensor);

  bool is_matrix() const { return shapes_[0].size() == 2; }
  std::int64_t rows() const { return rows_; }
  std::int64_t row_length() const { return row_length_; }
  // Of a parameter's row, the tensor has [first_column, first_column + row_length).
  std::int64_t first_column() const { return first_column_; }
  // Shape that parameter `parameter` has in the checkpoint.
  const std::vector<std::int64_t>& shape_of(std::uint32_t parameter) const {
    return shapes_[parameter];
  }
  // None: the row is padding, zero. Requires: 0 <= row < rows().
  std::optional<SourceRow> source_of(std::int64_t row) const;

 private:
  WeightLayout layout_ = WeightLayout::kPlain;
  std::int64_t rows_ = 1;
  std::int64_t row_length_ = 1;
  std::int64_t first_column_ = 0;
  // By parameter: the first of its rows that this device's share begins with.
  std::vector<std::int64_t> first_row_{};
  std::int64_t group_rows_ = 0;  // of kQkvByKvHead: rows of q heads that share a KV head
  std::int64_t head_dim_ = 0;    // of kQkvByKvHead
  std::vector<std::vector<std::int64_t>> shapes_{};
};

}  // namespace mk
