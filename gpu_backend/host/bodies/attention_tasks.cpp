// TaskBodies' attention: over contiguous or paged caches, whole or in parts of the context, and the
// merge of the parts.
#include <algorithm>
#include <cmath>
#include <limits>

#include "gpu_backend/host/bodies/task_bodies.h"

namespace mk {
namespace {

// One head's parts of a context, rows of head_dim + 2: sum of e^(score - largest) v, largest, sum
// of e^(score - largest). At least one of them has a position.
void merge_parts(const float* parts, std::int64_t count, std::int64_t head_dim, float* y) {
  const std::int64_t row = head_dim + 2;
  float largest = parts[head_dim];
  for (std::int64_t s = 1; s < count; ++s) largest = std::max(largest, parts[s * row + head_dim]);
  std::fill_n(y, head_dim, 0.0F);
  float total = 0;
  for (std::int64_t s = 0; s < count; ++s) {
    const float* part = parts + s * row;
    const float share = std::exp(part[head_dim] - largest);
    total += share * part[head_dim + 1];
    for (std::int64_t i = 0; i < head_dim; ++i) y[i] += share * part[i];
  }
  for (std::int64_t i = 0; i < head_dim; ++i) y[i] /= total;
}

// What a tile has of an axis that is cut evenly.
PartRange part_of(const Operator& op, std::uint32_t tile, std::size_t axis, std::int64_t extent) {
  return part_range(extent, 1, op.grid.coordinate(tile)[axis], op.grid.extent[axis]);
}

}  // namespace

// The same for all heads and requests of the tile.
template <typename W>
AttentionArgs<W> TaskBodies::attention_args(const Operator& op, std::uint32_t tile) const {
  const auto& params = std::get<AttentionParams>(op.params);
  const AttentionAccesses at = accesses_of(params);
  AttentionArgs<W> args;
  args.group = params.heads / params.kv_heads;
  args.head_dim = params.head_dim;
  args.epsilon = static_cast<float>(params.epsilon);
  args.rope =
      rope_tables_[rope_of_[static_cast<std::size_t>(&op - graph_->operators().data())]].data();
  args.qkv_stride = (args.group + 2) * params.head_dim * params.kv_heads;
  if (params.qk_norm) {
    args.q_norm = memory_->data<W>(op.accesses[at.q_norm].tensor);
    args.k_norm = memory_->data<W>(op.accesses[at.q_norm + 1].tensor);
  }
  args.page_positions = params.page_positions;
  args.page_stride = params.kv_heads * params.page_positions * params.head_dim;
  args.is_part = params.splits > 1;
  if (args.is_part) {
    const std::int64_t part = op.grid.coordinate(tile)[2];
    const bool is_last = part + 1 == params.splits;
    args.first_position = part * params.split_positions;
    args.end_position = is_last ? std::numeric_limits<std::int64_t>::max()
                                : args.first_position + params.split_positions;
  }
  args.y_head_stride = args.is_part ? params.splits * (params.head_dim + 2) : params.head_dim;
  args.y_stride = params.heads * args.y_head_stride;
  return args;
}

template <typename W>
void TaskBodies::attention(const Operator& op, std::uint32_t tile) const {
  const auto& params = std::get<AttentionParams>(op.params);
  const AttentionAccesses at = accesses_of(params);
  const PartRange requests = part_of(op, tile, 0, graph_->info().requests);
  const PartRange heads = part_of(op, tile, 1, params.kv_heads);
  const std::int64_t part = params.splits > 1 ? op.grid.coordinate(tile)[2] : 0;
  AttentionArgs<W> args = attention_args<W>(op, tile);
  for (std::int64_t request = requests.begin; request < requests.end; ++request) {
    const auto r = static_cast<std::size_t>(request);
    if (r >= requests_.size()) break;
    args.context_before = requests_[r].context_before;
    args.new_tokens = requests_[r].new_tokens;
    if (params.page_positions != 0) {
      const TensorId table = op.accesses[at.page_table].tensor;
      args.pages = memory_->data<std::int32_t>(table) +
                   request * graph_->tensors()[table.index].shape.extent[1];
    }
    for (std::int64_t head = heads.begin; head < heads.end; ++head) {
      // Of a paged cache, the head's rows of page 0.
      const std::int64_t rows = args.pages != nullptr
                                    ? head * params.page_positions
                                    : (request * params.kv_heads + head) * params.max_context;
      args.keys = memory_->data<W>(op.accesses[1].tensor) + rows * params.head_dim;
      args.values = memory_->data<W>(op.accesses[2].tensor) + rows * params.head_dim;
      args.qkv = memory_->data<float>(op.accesses[0].tensor) + first_row_[r] * args.qkv_stride +
                 head * (args.group + 2) * params.head_dim;
      args.y = memory_->data<float>(op.accesses[at.output].tensor) + first_row_[r] * args.y_stride +
               head * args.group * args.y_head_stride + part * (params.head_dim + 2);
      kernels_->of<W>().attention(args);
    }
  }
}

template void TaskBodies::attention<Bf16>(const Operator&, std::uint32_t) const;
template void TaskBodies::attention<float>(const Operator&, std::uint32_t) const;

void TaskBodies::attention_merge(const Operator& op, std::uint32_t tile) const {
  const auto& params = std::get<AttentionParams>(op.params);
  const std::int64_t group = params.heads / params.kv_heads;
  const PartRange requests = part_of(op, tile, 0, graph_->info().requests);
  const PartRange heads = part_of(op, tile, 1, params.kv_heads);
  const float* partial = memory_->data<float>(op.accesses[0].tensor);
  float* y = memory_->data<float>(op.accesses[1].tensor);
  for (std::int64_t request = requests.begin; request < requests.end; ++request) {
    const auto r = static_cast<std::size_t>(request);
    if (r >= requests_.size()) break;
    for (std::int64_t row = first_row_[r]; row < first_row_[r] + requests_[r].new_tokens; ++row) {
      for (std::int64_t head = heads.begin * group; head < heads.end * group; ++head) {
        const std::int64_t at = row * params.heads + head;
        merge_parts(partial + at * params.splits * (params.head_dim + 2), params.splits,
                    params.head_dim, y + at * params.head_dim);
      }
    }
  }
}

}  // namespace mk
