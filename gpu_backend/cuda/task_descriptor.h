// TaskDescriptor: all that a block needs to run one task, 128 bytes, made once from the TaskGraph
// (descriptors.h). Pointers already point at the tile. Activations are float, weights and KV cache
// bf16, as in the host backend.
//
// Rows of activations are tokens; strides are in elements. Only the live rows of an iteration
// (Step) are computed.
#pragma once

#include <cstdint>

#include "core/task_kind.h"
#include "gpu_backend/cuda/bf16.h"

namespace mk::cuda {

inline constexpr std::uint32_t kMaxTokens = 16;  // rows of a batch that the bodies handle
inline constexpr std::uint32_t kMaxHeadDim = 256;
inline constexpr std::uint32_t kMaxDevices = 8;  // that a graph is shared out over

// y[t][0 .. width) = table[ids[t]][0 .. width).
struct EmbeddingTask {
  const Bf16* table;
  const std::int32_t* ids;
  float* y;
  std::uint32_t table_stride, y_stride, width, vocabulary;
};

// Rows [first, first + rows) of the batch: y = x / sqrt(mean(x^2) + epsilon) * weight.
struct RmsNormTask {
  const float* x;
  const Bf16* weight;
  float* y;
  std::uint32_t width, first, rows;
  float epsilon;
};

enum class LinearInput : std::uint32_t {
  kPlain,
  kNorm,  // rmsnorm(x) * norm
  kSilu,  // silu(x[2 i]) * x[2 i + 1]
};

// y[t][r] = sum_i weights[r][i] f(x[t])[i] (+ residual[t][r]) for r in [0, rows). Gated: y[t][r] =
// silu(sum of row 2 r) * (sum of row 2 r + 1) for r in [0, rows / 2).
struct LinearTask {
  const Bf16* weights;  // rows x in, contiguous
  const float* x;
  const float* residual;  // may be null
  float* y;
  const Bf16* norm;  // of kNorm
  std::uint32_t in, rows, x_stride, y_stride;
  LinearInput input;
  float epsilon;
  std::uint32_t token_tiles;  // 0: of one token; else the batch's tokens by eight
  std::uint32_t gated;        // 1: gated, of an even number of rows and no residual
};

// The new tokens of one request on some KV heads: those of them, and those positions of the
// context, that lie in [first_position, end_position).
struct AttentionTask {
  const float* qkv;  // row 0 of the first KV head: `group` q heads, k head, v head; then the next's
  float* y;          // row 0 of the first KV head: its `group` heads, then the next's
  Bf16* keys;        // [positions, head_dim] of this request and its first head; paged: of page 0
  Bf16* values;
  const Bf16* q_norm;  // both or neither
  const Bf16* k_norm;
  const float* rope;  // [positions, head_dim]: head_dim / 2 cosines, then as many sines
  const std::int32_t*
      pages;  // of positions [i << page_shift, (i + 1) << page_shift); null: not paged
  std::uint32_t qkv_stride, y_stride, y_head_stride, group, head_dim, request;
  std::uint32_t kv_heads, kv_stride;      // elements of the cache from one KV head to the next
  std::uint32_t page_shift, page_stride;  // elements of the cache from one page to the next
  std::uint32_t first_position, end_position;
  std::uint32_t
      is_part;  // 1: y gets, a head, sum of e^(score - largest) v, largest, sum of e^(...)
  float epsilon;
};

// y[t][h] from the parts of its context, for the new tokens of one request and some heads.
struct AttentionMergeTask {
  const float* partial;  // row 0 of the first head: `splits` parts of head_dim + 2
  float* y;              // row 0 of the first head
  std::uint32_t partial_stride, y_stride, heads, head_dim, splits, request;
};

// y[t][i] = silu(gate_up[t][2 i]) * gate_up[t][2 i + 1] for i in [0, width).
struct SiluMulTask {
  const float* gate_up;
  float* y;
  std::uint32_t gate_up_stride, y_stride, width;
};

// The largest of logits[t][0 .. count), the first of equals; `first_index` is the index of the
// first.
struct ArgmaxPartialTask {
  const float* logits;
  float* value;
  std::int32_t* index;
  std::uint32_t logits_stride, part_stride, count, first_index;
};

// token[t] = index of the largest of all devices' parts, the first of equals, for rows
// [first, first + rows). The parts of device d stand value_at[d] and index_at[d] x 16 bytes behind
// `base` (so that 8 devices' places fit a descriptor).
struct ArgmaxReduceTask {
  const unsigned char* base;
  std::int32_t* token;
  std::int32_t value_at[kMaxDevices];
  std::int32_t index_at[kMaxDevices];
  std::uint32_t part_stride, parts, first, rows, devices;

  static constexpr std::int64_t kUnit = 16;

  // Of one device. Requires: `index` is a multiple of 16 bytes away from `value`.
  static ArgmaxReduceTask of_one(const float* value, const std::int32_t* index, std::int32_t* token,
                                 std::uint32_t part_stride, std::uint32_t parts,
                                 std::uint32_t first, std::uint32_t rows) {
    ArgmaxReduceTask task{};
    task.base = reinterpret_cast<const unsigned char*>(value);
    task.token = token;
    task.index_at[0] = static_cast<std::int32_t>(
        (reinterpret_cast<const unsigned char*>(index) - task.base) / kUnit);
    task.part_stride = part_stride;
    task.parts = parts;
    task.first = first;
    task.rows = rows;
    task.devices = 1;
    return task;
  }

  MK_HD const float* values(std::uint32_t device) const {
    return reinterpret_cast<const float*>(base + kUnit * value_at[device]);
  }
  MK_HD const std::int32_t* indices(std::uint32_t device) const {
    return reinterpret_cast<const std::int32_t*>(base + kUnit * index_at[device]);
  }
};

// to[k][t][i] = from[k][t][i] for i in [0, width): 32-bit words, into a peer's memory. Whoever runs
// it notifies the peer behind it.
struct PutTask {
  const std::uint32_t* from[2];
  std::uint32_t* to[2];
  std::uint32_t tensors, stride, width;
};

// y[t][i] = sum of the devices' parts, in their order, for i in [0, width).
struct ReduceTask {
  const float* parts[kMaxDevices];
  float* y;
  std::uint32_t devices, part_stride, y_stride, width;
};

// The router's choice for each token: the top_k experts of the largest logits, the first of equals
// first, and their softmax weights; and which experts anybody chose, in order, with their number
// at [experts].
struct TopkSoftmaxTask {
  const float* logits;
  std::int32_t* expert;     // [rows, top_k]
  float* weight;            // [rows, top_k]
  std::int32_t* activated;  // [experts + 1]
  std::uint32_t logits_stride, experts, top_k;
  std::uint32_t normalises;  // 1: the weights of a token's choices sum to 1, else those of all
};

// y[t][j][r] = sum_i weights[e][r][i] x[..][i] for each choice (t, j) of an expert e of the
// group's, r in [0, rows).
struct ExpertLinearTask {
  const Bf16* weights;  // of expert 0, the tile's first row
  const float* x;       // [rows, in] or [rows, top_k, in]
  const std::int32_t* expert;
  const std::int32_t* activated;
  float* y;  // of choice (0, 0), the tile's first row
  std::uint64_t expert_stride;
  std::uint32_t in, rows, y_stride, top_k, experts;
  std::uint32_t input_of_choice;  // 1: each choice has an input of its own
  // The group's experts: every groups-th of the activated ones from the group-th on, or a range.
  std::uint32_t is_static, group, groups, first_expert, end_expert;
};

// y[t][j][i] = silu(gate_up[t][j][2 i]) * gate_up[t][j][2 i + 1] for rows [first, first + rows) and
// choices [first_choice, first_choice + choices).
struct ExpertSiluMulTask {
  const float* gate_up;
  float* y;
  std::uint32_t width, top_k, first, rows, first_choice, choices;
};

// out[t][i] = (residual[t][i] +) sum_j weight[t][j] y[t][j][i] for those rows and columns.
struct WeightedSumTask {
  const float* y;
  const float* weight;
  const float* residual;  // may be null
  float* out;
  std::uint32_t width, top_k, first, rows, first_column, columns;
};

struct alignas(128) TaskDescriptor {
  TaskKind kind = TaskKind::kEmpty;
  std::uint32_t request = 0;  // of attention and merge tasks
  union {
    EmbeddingTask embedding;
    RmsNormTask rmsnorm;
    LinearTask linear;
    AttentionTask attention;
    AttentionMergeTask attention_merge;
    SiluMulTask silu_mul;
    ArgmaxPartialTask argmax_partial;
    ArgmaxReduceTask argmax_reduce;
    PutTask put;
    ReduceTask reduce;
    TopkSoftmaxTask topk_softmax;
    ExpertLinearTask expert_linear;
    ExpertSiluMulTask expert_silu_mul;
    WeightedSumTask weighted_sum;
    unsigned char raw[120];
  };

  MK_HD TaskDescriptor() : raw{} {}
  MK_HD bool is_linear() const {
    return kind == TaskKind::kLinear || kind == TaskKind::kNormLinear ||
           kind == TaskKind::kSiluLinear;
  }
  // Uses the warps' rings: nothing of another task may be requested before it has begun, unless it
  // is_linear() and what was requested is its own.
  MK_HD bool streams() const { return is_linear() || kind == TaskKind::kExpertLinear; }
};
static_assert(sizeof(TaskDescriptor) == 128);

// What a task must know of the iteration.
struct Step {
  std::uint32_t rows = 0;  // live rows of the batch
  // Of the descriptor's request:
  std::uint32_t first_row = 0;
  std::uint32_t new_tokens = 0;
  std::uint32_t context_before = 0;
};

}  // namespace mk::cuda
