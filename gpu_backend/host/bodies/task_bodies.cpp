#include "gpu_backend/host/bodies/task_bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "gpu_backend/host/bodies/rope.h"

namespace mk {
namespace {

// Room for one task's intermediate rows, kept by each thread; aligned, so that no vector of it
// stands in two cache lines.
float* scratch(std::int64_t elements) {
  struct alignas(64) Line {
    float floats[16];
  };
  thread_local std::vector<Line> room;
  const auto lines = static_cast<std::size_t>(elements) / 16 + 1;  // none, too, has an address
  if (room.size() < lines) room.resize(lines);
  return room.data()->floats;
}

// Of what is sent: activations are float, token indices int32.
constexpr std::int64_t kElementBytes = 4;

bool is_linear(TaskKind kind) {
  return kind == TaskKind::kLinear || kind == TaskKind::kNormLinear ||
         kind == TaskKind::kSiluLinear;
}

const Access& weight_of(const Operator& linear) {
  return linear.accesses[linear.kind == TaskKind::kNormLinear ? 2 : 1];
}

struct AccessCount {
  std::size_t reads = 0;
  std::size_t writes = 0;
};

AccessCount expected_accesses(const Operator& op) {
  const auto* linear = std::get_if<LinearParams>(&op.params);
  const std::size_t residual = linear != nullptr && linear->residual ? 1 : 0;
  const auto* attention = std::get_if<AttentionParams>(&op.params);
  const auto* moe = std::get_if<MoeParams>(&op.params);
  switch (op.kind) {
    case TaskKind::kEmbedding:
    case TaskKind::kRmsNorm:
      return {2, 1};
    case TaskKind::kLinear:
    case TaskKind::kSiluLinear:
      return {2 + residual, 1};
    case TaskKind::kNormLinear:
      return {3 + residual, 1};
    case TaskKind::kAttention:
      return {attention == nullptr ? 0 : accesses_of(*attention).output, 3};
    case TaskKind::kAttentionMerge:
      return {1, 1};
    case TaskKind::kSiluMul:
      return {1, 1};
    case TaskKind::kArgmaxPartial:
      return {1, 2};
    case TaskKind::kArgmaxReduce:  // value and index of each device
      return {op.accesses.size() - op.accesses.size() % 2, 1};
    case TaskKind::kPut:
      return {op.accesses.size() / 2, op.accesses.size() / 2};
    case TaskKind::kReduce:
      return {std::max<std::size_t>(op.accesses.size(), 2) - 1, 1};
    case TaskKind::kTopkSoftmax:
      return {1, 3};
    case TaskKind::kExpertLinear:
      return {4, 1};
    case TaskKind::kExpertSiluMul:
      return {1, 1};
    case TaskKind::kWeightedSum:
      return {moe != nullptr && moe->residual ? 3U : 2U, 1};
    default:
      return {};
  }
}

bool has_its_params(const Operator& op) {
  switch (op.kind) {
    case TaskKind::kRmsNorm:
      return std::holds_alternative<RmsNormParams>(op.params);
    case TaskKind::kLinear:
    case TaskKind::kNormLinear:
    case TaskKind::kSiluLinear:
      return std::holds_alternative<LinearParams>(op.params);
    case TaskKind::kAttention:
    case TaskKind::kAttentionMerge:
      return std::holds_alternative<AttentionParams>(op.params);
    case TaskKind::kArgmaxPartial:
      return std::holds_alternative<ArgmaxParams>(op.params);
    case TaskKind::kTopkSoftmax:
    case TaskKind::kExpertLinear:
    case TaskKind::kExpertSiluMul:
    case TaskKind::kWeightedSum:
      return std::holds_alternative<MoeParams>(op.params);
    default:
      return true;
  }
}

}  // namespace

Status TaskBodies::check(const Operator& op) const {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("operator {} ({}): {}", op.name, name_of(op.kind), why));
  };
  if (op.kind == TaskKind::kEmpty) return {};
  const auto is_read = [](const Access& access) { return access.mode == AccessMode::kRead; };
  const auto reads =
      static_cast<std::size_t>(std::count_if(op.accesses.begin(), op.accesses.end(), is_read));
  const AccessCount expected = expected_accesses(op);
  if (!has_its_params(op)) return refuse("its parameters are those of another kind");
  if (!std::is_partitioned(op.accesses.begin(), op.accesses.end(), is_read) ||
      reads != expected.reads || op.accesses.size() - reads != expected.writes) {
    return refuse(
        fmt::format("has {} accesses, {} of them reads; its body takes {} reads, then {} "
                    "writes",
                    op.accesses.size(), reads, expected.reads, expected.writes));
  }
  if (op.kind == TaskKind::kAttention) {
    const std::int64_t head_dim = std::get<AttentionParams>(op.params).head_dim;
    if (head_dim % 2 != 0 || head_dim > kMaxHeadDim) {
      return refuse(
          fmt::format("head_dim {}: even numbers up to {} run here", head_dim, kMaxHeadDim));
    }
    const std::uint32_t parts = std::get<AttentionParams>(op.params).splits;
    if (op.grid.extent[2] != parts) {
      return refuse(fmt::format("{} parts of a context over {} tasks", parts, op.grid.extent[2]));
    }
  }
  return {};
}

void TaskBodies::bind_rope(std::int64_t positions) {
  positions_ = positions;
  std::vector<AttentionParams> known;
  for (const Operator& op : graph_->operators()) {
    const auto* params = std::get_if<AttentionParams>(&op.params);
    rope_of_.push_back(kNoIndex);
    if (params == nullptr) continue;
    const auto found = std::find(known.begin(), known.end(), *params);
    rope_of_.back() = static_cast<std::uint32_t>(found - known.begin());
    if (found != known.end()) continue;
    known.push_back(*params);
    rope_tables_.push_back(rope_table(*params, positions));
  }
}

void TaskBodies::bind_weights() {
  weights_.resize(graph_->task_count());
  for (std::uint32_t t = 0; t < graph_->task_count(); ++t) {
    if (!is_linear(graph_->tasks().kind[t])) continue;
    const Operator& op = graph_->op_of(TaskId(t));
    const Region out =
        region_of(op, op.accesses.back(), tensor_of(op.accesses.back()), graph_->tasks().tile[t]);
    const std::int64_t row_bytes = std::get<LinearParams>(op.params).in * size_of(memory_->dtype());
    const std::int64_t bytes = row_bytes * std::get<LinearParams>(op.params).rows_an_output();
    weights_[t] = memory_->bytes_of(weight_of(op).tensor)
                      .subspan(static_cast<std::size_t>(out.begin[1] * bytes),
                               static_cast<std::size_t>((out.end[1] - out.begin[1]) * bytes));
  }
}

Result<TaskBodies> TaskBodies::bind(const ModelMemory& memory, std::int64_t positions,
                                    const Kernels& kernels) {
  TaskBodies bodies(memory, kernels);
  for (const Operator& op : memory.graph().operators()) {
    if (Status status = bodies.check(op); !status) return tl::unexpected(status.error());
  }
  bodies.bind_rope(positions);
  bodies.bind_weights();
  return bodies;
}

void TaskBodies::set_state(const IterationState& state) {
  live_tokens_ = state.live_tokens();
  MK_CHECK(live_tokens_ <= graph_->info().batch_tokens, "the batch has room for the new tokens");
  requests_ = state.requests;
  first_row_.clear();
  std::int64_t row = 0;
  for (const RequestState& request : requests_) {
    MK_CHECK(request.context_before + request.new_tokens <= positions_,
             "positions are within what the bodies were bound for");
    first_row_.push_back(row);
    row += request.new_tokens;
  }
}

TaskBodies::Block TaskBodies::block_of(const Operator& op, const Access& access,
                                       std::uint32_t tile) const {
  const Tensor& tensor = tensor_of(access);
  const Region region = region_of(op, access, tensor, tile);
  const std::int64_t end = std::min(region.end[0], live_tokens_);
  return {.row = region.begin[0],
          .rows = std::max<std::int64_t>(0, end - region.begin[0]),
          .column = region.begin[1],
          .columns = region.end[1] - region.begin[1],
          .stride = tensor.shape.extent[1]};
}

void TaskBodies::execute(TaskId task, const std::byte* next) const {
  if (graph_->tasks().kind[task.index] == TaskKind::kEmpty) return;
  const Operator& op = graph_->op_of(task);
  const std::uint32_t tile = graph_->tasks().tile[task.index];
  if (memory_->dtype() == DType::kBf16) {
    execute_as<Bf16>(op, tile, next);
  } else {
    execute_as<float>(op, tile, next);
  }
}

template <typename W>
void TaskBodies::execute_as(const Operator& op, std::uint32_t tile, const std::byte* next) const {
  switch (op.kind) {
    case TaskKind::kEmbedding:
      return embedding<W>(op, tile);
    case TaskKind::kRmsNorm:
      return rms_norm<W>(op, tile);
    case TaskKind::kLinear:
    case TaskKind::kNormLinear:
    case TaskKind::kSiluLinear:
      return linear<W>(op, tile, next);
    case TaskKind::kAttention:
      return attention<W>(op, tile);
    case TaskKind::kAttentionMerge:
      return attention_merge(op, tile);
    case TaskKind::kSiluMul:
      return silu_mul(op, tile);
    case TaskKind::kArgmaxPartial:
      return argmax_partial(op, tile);
    case TaskKind::kArgmaxReduce:
      return argmax_reduce(op, tile);
    case TaskKind::kPut:
      return put(op, tile);
    case TaskKind::kReduce:
      return reduce(op, tile);
    case TaskKind::kTopkSoftmax:
      return topk_softmax(op);
    case TaskKind::kExpertLinear:
      return expert_linear<W>(op, tile, next);
    case TaskKind::kExpertSiluMul:
      return expert_silu_mul(op, tile);
    case TaskKind::kWeightedSum:
      return weighted_sum(op, tile);
    case TaskKind::kEmpty:
      return;
  }
}

template <typename W>
void TaskBodies::embedding(const Operator& op, std::uint32_t tile) const {
  const Access& table = op.accesses[1];
  const Block out = block_of(op, op.accesses[2], tile);
  kernels_->of<W>().embedding({.table = memory_->data<W>(table.tensor),
                               .ids = memory_->data<std::int32_t>(op.accesses[0].tensor) + out.row,
                               .y = memory_->data<float>(op.accesses[2].tensor) + out.offset(),
                               .row_length = tensor_of(table).shape.extent[1],
                               .column = out.column,
                               .y_stride = out.stride,
                               .width = out.columns,
                               .tokens = out.rows});
}

template <typename W>
void TaskBodies::rms_norm(const Operator& op, std::uint32_t tile) const {
  const Block out = block_of(op, op.accesses[2], tile);
  const Block in = block_of(op, op.accesses[0], tile);
  kernels_->of<W>().rms_norm(
      {.x = memory_->data<float>(op.accesses[0].tensor) + in.offset(),
       .weight = memory_->data<W>(op.accesses[1].tensor),
       .y = memory_->data<float>(op.accesses[2].tensor) + out.offset(),
       .x_stride = in.stride,
       .y_stride = out.stride,
       .width = out.columns,
       .tokens = out.rows,
       .epsilon = static_cast<float>(std::get<RmsNormParams>(op.params).epsilon)});
}

// The fused kinds make their input rows first, each task for itself, as the GPU's bodies do; the
// sums of a gated linear stand in scratch memory until they are gated.
template <typename W>
void TaskBodies::linear(const Operator& op, std::uint32_t tile, const std::byte* next) const {
  const auto& params = std::get<LinearParams>(op.params);
  const bool norms = op.kind == TaskKind::kNormLinear;
  const Access& output = op.accesses.back();
  const Block out = block_of(op, output, tile);
  const Block in = block_of(op, op.accesses[0], tile);
  const float* x = memory_->data<float>(op.accesses[0].tensor) + in.offset();
  std::int64_t x_stride = in.stride;
  const std::int64_t rows = out.columns * params.rows_an_output();
  const std::int64_t made_floats = op.kind == TaskKind::kLinear ? 0 : in.rows * params.in;
  float* const made = scratch(made_floats + (params.gated ? out.rows * rows : 0));
  float* const sums = made + made_floats;
  float* const y = memory_->data<float>(output.tensor) + out.offset();
  if (op.kind != TaskKind::kLinear) {
    if (norms) {
      kernels_->of<W>().rms_norm({.x = x,
                                  .weight = memory_->data<W>(op.accesses[1].tensor),
                                  .y = made,
                                  .x_stride = in.stride,
                                  .y_stride = params.in,
                                  .width = params.in,
                                  .tokens = in.rows,
                                  .epsilon = static_cast<float>(params.epsilon)});
    } else {
      kernels_->silu_mul({.gate_up = x,
                          .y = made,
                          .gate_up_stride = in.stride,
                          .y_stride = params.in,
                          .width = params.in,
                          .tokens = in.rows});
    }
    x = made;
    x_stride = params.in;
  }
  const float* residual = nullptr;
  if (params.residual) {
    residual = memory_->data<float>(op.accesses[norms ? 3 : 2].tensor) + out.offset();
  }
  kernels_->of<W>().linear({.weights = memory_->data<W>(weight_of(op).tensor) +
                                       out.column * params.rows_an_output() * params.in,
                            .x = x,
                            .residual = residual,
                            .y = params.gated ? sums : y,
                            .x_stride = x_stride,
                            .y_stride = params.gated ? rows : out.stride,
                            .in = params.in,
                            .rows = rows,
                            .tokens = out.rows,
                            .next = next});
  if (!params.gated) return;
  kernels_->silu_mul({.gate_up = sums,
                      .y = y,
                      .gate_up_stride = rows,
                      .y_stride = out.stride,
                      .width = out.columns,
                      .tokens = out.rows});
}

void TaskBodies::silu_mul(const Operator& op, std::uint32_t tile) const {
  const Block in = block_of(op, op.accesses[0], tile);
  const Block out = block_of(op, op.accesses[1], tile);
  kernels_->silu_mul({.gate_up = memory_->data<float>(op.accesses[0].tensor) + in.offset(),
                      .y = memory_->data<float>(op.accesses[1].tensor) + out.offset(),
                      .gate_up_stride = in.stride,
                      .y_stride = out.stride,
                      .width = out.columns,
                      .tokens = out.rows});
}

void TaskBodies::argmax_partial(const Operator& op, std::uint32_t tile) const {
  const auto& params = std::get<ArgmaxParams>(op.params);
  const Block in = block_of(op, op.accesses[0], tile);
  const Block out = block_of(op, op.accesses[1], tile);
  MK_CHECK(out.columns == 1, "each part of the vocabulary has one candidate");
  const std::int64_t count =
      std::clamp<std::int64_t>(params.vocabulary - params.first_index - in.column, 0, in.columns);
  const float* logits = memory_->data<float>(op.accesses[0].tensor) + in.offset();
  float* value = memory_->data<float>(op.accesses[1].tensor) + out.offset();
  std::int32_t* index = memory_->data<std::int32_t>(op.accesses[2].tensor) + out.offset();
  for (std::int64_t row = 0; row < in.rows; ++row) {
    const Largest found = kernels_->largest(logits + row * in.stride, count);
    value[row * out.stride] = found.value;
    index[row * out.stride] =
        found.index + static_cast<std::int32_t>(params.first_index + in.column);
  }
}

// The parts of all devices, in order of their tokens: of equals the first.
void TaskBodies::argmax_reduce(const Operator& op, std::uint32_t tile) const {
  const Block first = block_of(op, op.accesses[0], tile);
  std::int32_t* token = memory_->data<std::int32_t>(op.accesses.back().tensor) + first.row;
  for (std::int64_t row = 0; row < first.rows; ++row) {
    float best = 0;
    for (std::size_t a = 0; a + 1 < op.accesses.size(); a += 2) {
      const Block in = block_of(op, op.accesses[a], tile);
      const std::int64_t at = in.offset() + row * in.stride;
      const Largest found =
          kernels_->largest(memory_->data<float>(op.accesses[a].tensor) + at, in.columns);
      if (a > 0 && !(found.value > best)) continue;
      best = found.value;
      token[row] = memory_->data<std::int32_t>(op.accesses[a + 1].tensor)[at + found.index];
    }
  }
}

// Sends what it reads, tensor by tensor, into the peer's copies.
void TaskBodies::put(const Operator& op, std::uint32_t tile) const {
  const std::size_t sent = op.accesses.size() / 2;
  for (std::size_t a = 0; a < sent; ++a) {
    const Block from = block_of(op, op.accesses[a], tile);
    const Block to = block_of(op, op.accesses[sent + a], tile);
    const std::byte* source = memory_->bytes_of(op.accesses[a].tensor).data();
    std::byte* target = memory_->mutable_bytes_of(op.accesses[sent + a].tensor).data();
    for (std::int64_t row = 0; row < from.rows; ++row) {
      std::memcpy(target + kElementBytes * (to.offset() + row * to.stride),
                  source + kElementBytes * (from.offset() + row * from.stride),
                  static_cast<std::size_t>(kElementBytes * from.columns));
    }
  }
}

// Adds up in the order of the devices: all of them get the same bits.
void TaskBodies::reduce(const Operator& op, std::uint32_t tile) const {
  const Block out = block_of(op, op.accesses.back(), tile);
  float* sum = memory_->data<float>(op.accesses.back().tensor) + out.offset();
  for (std::size_t part = 0; part + 1 < op.accesses.size(); ++part) {
    const Block in = block_of(op, op.accesses[part], tile);
    const float* summand = memory_->data<float>(op.accesses[part].tensor) + in.offset();
    for (std::int64_t row = 0; row < out.rows; ++row) {
      for (std::int64_t i = 0; i < out.columns; ++i) {
        const float value = summand[row * in.stride + i];
        float& to = sum[row * out.stride + i];
        to = part == 0 ? value : to + value;
      }
    }
  }
}

}  // namespace mk
