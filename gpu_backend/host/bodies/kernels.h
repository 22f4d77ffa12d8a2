// The arithmetic of the host's task bodies, over plain pointers: a table of functions for each
// instruction set, of which a run takes one.
//
// Activations are float, weights and KV cache are W (Bf16 or float), sums are float. Rows of bf16
// matrices (the embedding table, the weights of linear) are paired: see paired_rows.h.
// Invariant: every sum has one order, which depends on its length and the instruction set alone. So
// neither the cut into tasks, nor the number of tokens in a batch, nor the thread changes a bit of
// a result. Instruction sets may differ from each other in the last bits.
//
// Any number of threads may call any function at once, provided that their outputs do not overlap.
// No pointer needs alignment; weights stream fastest from 64-byte boundaries.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gpu_backend/host/bodies/bf16.h"

namespace mk {

enum class Isa : std::uint8_t { kPortable, kAvx2, kAvx512 };

// "portable", "avx2", "avx512".
std::string_view name_of(Isa isa);

// Rows [0, tokens) of y get columns of rows of the table: y[t][i] = table[ids[t]][column + i] for i
// in [0, width). Requires: every id is a row of the table.
template <typename W>
struct EmbeddingArgs {
  const W* table = nullptr;
  const std::int32_t* ids = nullptr;
  float* y = nullptr;
  std::int64_t row_length = 0;
  std::int64_t column = 0;
  std::int64_t y_stride = 0;
  std::int64_t width = 0;
  std::int64_t tokens = 0;
};

// y[t] = x[t] / sqrt(mean(x[t]^2) + epsilon) * weight.
template <typename W>
struct RmsNormArgs {
  const float* x = nullptr;
  const W* weight = nullptr;
  float* y = nullptr;
  std::int64_t x_stride = 0;
  std::int64_t y_stride = 0;
  std::int64_t width = 0;
  std::int64_t tokens = 0;
  float epsilon = 0;
};

// y[t][r] = sum over i of weights[r][i] x[t][i], + residual[t][r] where there is one, for r in [0,
// rows). Rows of weights stand one after the other. Weights are read from memory once, whatever the
// number of tokens. y may be the residual, not x.
template <typename W>
struct LinearArgs {
  const W* weights = nullptr;
  const float* x = nullptr;
  const float* residual = nullptr;
  float* y = nullptr;
  std::int64_t x_stride = 0;
  std::int64_t y_stride = 0;  // of the residual, too
  std::int64_t in = 0;
  std::int64_t rows = 0;
  std::int64_t tokens = 0;
  const void* next = nullptr;  // what the thread will read after these weights, for prefetching
};

// y[t][i] = silu(gate_up[t][2 i]) * gate_up[t][2 i + 1] for i in [0, width).
struct SiluMulArgs {
  const float* gate_up = nullptr;
  float* y = nullptr;
  std::int64_t gate_up_stride = 0;
  std::int64_t y_stride = 0;
  std::int64_t width = 0;
  std::int64_t tokens = 0;
};

// The new tokens of one request on one KV head: norms q and k heads where there are norm weights,
// turns them (RoPE, pairs (i, i + head_dim / 2)), appends keys and values to the cache, and writes
// softmax(q k / sqrt(head_dim)) v of each q head over all positions up to the token's own.
// Or does so for a part of the positions: of the new tokens it appends those that lie in it, and of
// each q head it writes the sum of e^(score - largest) v, `largest`, and the sum of e^(score -
// largest), over the positions of the part up to the token's own (zeros and -infinity iff there are
// none).
// Requires: head_dim even and <= kMaxHeadDim. Results do not depend on where pages lie.
template <typename W>
struct AttentionArgs {
  const float* qkv = nullptr;  // row of the first new token: `group` q heads, k head, v head
  float* y = nullptr;          // row of the first new token: `group` heads
  W* keys = nullptr;           // [positions, head_dim]; paged: of page 0
  W* values = nullptr;
  const std::int32_t* pages = nullptr;  // page of positions [i, i + 1) * page_positions; null: not
                                        // paged
  const W* q_norm = nullptr;            // both or neither
  const W* k_norm = nullptr;
  const float* rope = nullptr;  // [positions, head_dim]: head_dim / 2 cosines, then as many sines
  std::int64_t qkv_stride = 0;
  std::int64_t y_stride = 0;
  std::int64_t y_head_stride = 0;
  std::int64_t page_positions = 0;
  std::int64_t page_stride = 0;  // elements from one page's rows of this head to the next one's
  bool is_part = false;
  std::int64_t first_position = 0;  // of a part
  std::int64_t end_position = 0;    // of a part
  std::int64_t context_before = 0;  // the first new token's position
  std::int64_t new_tokens = 0;
  std::int64_t group = 1;
  std::int64_t head_dim = 0;
  float epsilon = 0;  // of the norms
};
inline constexpr std::int64_t kMaxHeadDim = 256;

// The largest of `values` with its index, the first of equals; {-infinity, 0} iff there are none
// but NaN and -infinity.
struct Largest {
  float value = 0;
  std::int32_t index = 0;
};

template <typename W>
struct WeightKernels {
  void (*embedding)(const EmbeddingArgs<W>&) = nullptr;
  void (*rms_norm)(const RmsNormArgs<W>&) = nullptr;
  void (*linear)(const LinearArgs<W>&) = nullptr;
  void (*attention)(const AttentionArgs<W>&) = nullptr;
};

struct Kernels {
  Isa isa = Isa::kPortable;
  WeightKernels<Bf16> bf16{};
  WeightKernels<float> f32{};
  void (*silu_mul)(const SiluMulArgs&) = nullptr;
  Largest (*largest)(const float* values, std::int64_t count) = nullptr;

  template <typename W>
  const WeightKernels<W>& of() const;
};

template <>
inline const WeightKernels<Bf16>& Kernels::of<Bf16>() const {
  return bf16;
}
template <>
inline const WeightKernels<float>& Kernels::of<float>() const {
  return f32;
}

// What this processor can run, the fastest last; kPortable is always there.
std::span<const Isa> supported_isas();

// The table for `isa`. Requires: it is among supported_isas().
const Kernels& kernels_for(Isa isa);
const Kernels& fastest_kernels();

}  // namespace mk
