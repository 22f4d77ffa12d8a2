// Attention of one request on one KV head: QK-norm, RoPE, KV append, softmax(q k) v.
//
// Positions go to the warps in turn, several at once in a warp: head_dim / 8 lanes hold one
// position's row, 8 elements each. Every warp keeps a running maximum and sum (online softmax) for
// up to kHeads q heads; at the end warps are joined through shared memory.
//
// Invariant: results depend on the context and the block's shape, not on policy or batch.
#pragma once

#include "gpu_backend/cuda/block.h"
#include "gpu_backend/cuda/task_descriptor.h"

namespace mk::cuda {

inline constexpr int kHeads = 4;           // q heads that share one pass over the cache
inline constexpr int kAhead = 2;           // positions of a lane whose rows are requested together
inline constexpr float kNoScore = -1e30F;  // finite, so that differences are

// Shared work area: queries of the pass, then each warp's part of the result.
struct AttentionScratch {
  float* q;     // [kHeads][head_dim], scaled by 1 / sqrt(head_dim)
  float* part;  // [warps][kHeads][head_dim + 2]: sum of p v, then maximum, then sum of p
};

template <class Shape, class C>
MK_INLINE AttentionScratch attention_scratch(C& c, std::uint32_t head_dim) {
  float* const base = work_of<float, Shape>(c);
  return {base, base + kHeads * head_dim};
}

constexpr std::uint64_t attention_work_bytes(std::uint32_t warps, std::uint32_t head_dim) {
  return 4ULL * kHeads * (head_dim + std::uint64_t{warps} * (head_dim + 2));
}

// emit(i, value) for the elements of a head's row after norm and RoPE, by one warp.
template <class C, class Emit>
MK_INLINE void turned_head(C& c, const float* row, const Bf16* norm, float epsilon,
                           const float* rope, std::uint32_t head_dim, Emit&& emit) {
  const std::uint32_t half = head_dim / 2;
  float scale = 1;
  if (norm != nullptr) {
    float squares = 0;
    for (std::uint32_t i = c.lane(); i < head_dim; i += 32) squares += row[i] * row[i];
    squares = c.sum(squares, 32);
    scale = c.rsqrt(squares / static_cast<float>(head_dim) + epsilon);
  }
  for (std::uint32_t i = c.lane(); i < half; i += 32) {
    float a = row[i] * scale;
    float b = row[i + half] * scale;
    if (norm != nullptr) {
      a *= to_float(norm[i]);
      b *= to_float(norm[i + half]);
    }
    const float cosine = rope[i];
    const float sine = rope[i + half];
    emit(i, a * cosine - b * sine);
    emit(i + half, b * cosine + a * sine);
  }
}

// Keys and values of all new tokens go into the cache; seen by the block after its next sync().
// The last warps do it: the first ones turn the queries at the same time.
template <class C>
MK_HD void append_tokens(C& c, const AttentionTask& task, const Step& step) {
  const std::uint32_t head_dim = task.head_dim;
  for (std::uint32_t t = c.warps() - 1 - c.warp(); t < step.new_tokens; t += c.warps()) {
    const std::uint64_t position = step.context_before + t;
    const float* const row = task.qkv + std::uint64_t{step.first_row + t} * task.qkv_stride;
    const float* const k = row + task.group * head_dim;
    Bf16* const key = task.keys + position * head_dim;
    turned_head(c, k, task.k_norm, task.epsilon, task.rope + position * head_dim, head_dim,
                [&](std::uint32_t i, float v) { key[i] = to_bf16(v); });
    for (std::uint32_t i = c.lane(); i < head_dim; i += 32) {
      task.values[position * head_dim + i] = to_bf16(k[head_dim + i]);
    }
  }
}

// The running softmax of one lane group: maximum, sum of p, and its 8 elements of sum p v, a head.
struct Running {
  float highest[kHeads];
  float total[kHeads];
  float out[kHeads][8];
};

template <class C>
MK_INLINE void add_position(C& c, Running& run, const float (&q)[kHeads][8], const Words4& key,
                            const Words4& value, bool is_there, std::uint32_t lanes_per_row) {
  const Floats<8> k = widen(key);
  const Floats<8> v = widen(value);
  MK_UNROLL
  for (int h = 0; h < kHeads; ++h) {
    float score = 0;
    MK_UNROLL
    for (int i = 0; i < 8; ++i) score += q[h][i] * k.at[i];
    score = c.sum(score, lanes_per_row);
    score = is_there ? score : kNoScore;
    const float highest = score > run.highest[h] ? score : run.highest[h];
    const float old_share = c.exp(run.highest[h] - highest);
    const float p = is_there ? c.exp(score - highest) : 0.0F;
    run.highest[h] = highest;
    run.total[h] = run.total[h] * old_share + p;
    MK_UNROLL
    for (int i = 0; i < 8; ++i) {
      run.out[h][i] = run.out[h][i] * old_share + (is_there ? p * v.at[i] : 0.0F);
    }
  }
}

// This warp's positions of [0, context).
template <class C>
MK_INLINE void run_positions(C& c, Running& run, const AttentionTask& task,
                             const float (&q)[kHeads][8], std::uint32_t context) {
  const std::uint32_t lanes_per_row = task.head_dim / 8;
  const std::uint32_t rows = 32 / lanes_per_row;
  const std::uint32_t column = c.lane() % lanes_per_row * 8;
  const std::uint32_t step = c.warps() * rows;
  for (std::uint32_t base = c.warp() * rows; base < context; base += kAhead * step) {
    Words4 key[kAhead];
    Words4 value[kAhead];
    bool is_there[kAhead];
    MK_UNROLL
    for (int a = 0; a < kAhead; ++a) {
      const std::uint32_t wanted =
          base + static_cast<std::uint32_t>(a) * step + c.lane() / lanes_per_row;
      is_there[a] = wanted < context;
      const std::uint64_t at =
          std::uint64_t{is_there[a] ? wanted : context - 1} * task.head_dim + column;
      key[a] = load_as<Words4>(task.keys + at);
      value[a] = load_as<Words4>(task.values + at);
    }
    MK_UNROLL
    for (int a = 0; a < kAhead; ++a) {
      add_position(c, run, q, key[a], value[a], is_there[a], lanes_per_row);
    }
  }
}

// Joins the lane groups of the warp, and leaves the warp's part in shared memory.
template <class C>
MK_INLINE void write_part(C& c, Running& run, const AttentionScratch& scratch,
                          std::uint32_t head_dim) {
  const std::uint32_t lanes_per_row = head_dim / 8;
  MK_UNROLL
  for (int h = 0; h < kHeads; ++h) {
    for (std::uint32_t mask = lanes_per_row; mask < 32; mask *= 2) {
      const float other = c.shuffle_xor(run.highest[h], mask);
      const float highest = other > run.highest[h] ? other : run.highest[h];
      const float share = c.exp(run.highest[h] - highest);
      run.highest[h] = highest;
      run.total[h] *= share;
      run.total[h] += c.shuffle_xor(run.total[h], mask);
      MK_UNROLL
      for (int i = 0; i < 8; ++i) {
        run.out[h][i] *= share;
        run.out[h][i] += c.shuffle_xor(run.out[h][i], mask);
      }
    }
    float* const part =
        scratch.part + (c.warp() * kHeads + static_cast<std::uint32_t>(h)) * (head_dim + 2);
    if (c.lane() < lanes_per_row) {
      MK_UNROLL
      for (std::uint32_t i = 0; i < 8; ++i) part[c.lane() * 8 + i] = run.out[h][i];
    }
    if (c.lane() == 0) {
      part[head_dim] = run.highest[h];
      part[head_dim + 1] = run.total[h];
    }
  }
}

// y of `heads` heads from the parts of all warps.
template <class C>
MK_HD void join_warps(C& c, const AttentionScratch& scratch, float* y, std::uint32_t heads,
                      std::uint32_t head_dim) {
  const std::uint32_t pitch = head_dim + 2;
  for (std::uint32_t i = c.thread(); i < heads * head_dim; i += c.threads()) {
    const float* const part = scratch.part + i / head_dim * pitch;
    const std::uint32_t element = i % head_dim;
    float highest = kNoScore;
    for (std::uint32_t w = 0; w < c.warps(); ++w) {
      const float other = part[w * kHeads * pitch + head_dim];
      highest = other > highest ? other : highest;
    }
    float total = 0;
    float sum = 0;
    for (std::uint32_t w = 0; w < c.warps(); ++w) {
      const float* const of_warp = part + w * kHeads * pitch;
      const float share = c.exp(of_warp[head_dim] - highest);
      total += share * of_warp[head_dim + 1];
      sum += share * of_warp[element];
    }
    y[i] = sum / total;
  }
}

// Heads [first, first + heads) of one new token.
template <class Shape, class C>
MK_HD void attend(C& c, const AttentionTask& task, std::uint32_t row, std::uint32_t position,
                  std::uint32_t first, std::uint32_t heads) {
  const std::uint32_t head_dim = task.head_dim;
  const AttentionScratch scratch = attention_scratch<Shape>(c, head_dim);
  const float* const qkv = task.qkv + std::uint64_t{row} * task.qkv_stride;
  const float scale = c.rsqrt(static_cast<float>(head_dim));
  for (std::uint32_t h = c.warp(); h < heads; h += c.warps()) {
    float* const q = scratch.q + h * head_dim;
    turned_head(c, qkv + (first + h) * head_dim, task.q_norm, task.epsilon,
                task.rope + std::uint64_t{position} * head_dim, head_dim,
                [&](std::uint32_t i, float v) { q[i] = v * scale; });
  }
  c.sync();
  Running run{};
  float q[kHeads][8];
  const std::uint32_t column = c.lane() % (head_dim / 8) * 8;
  MK_UNROLL
  for (int h = 0; h < kHeads; ++h) {
    run.highest[h] = kNoScore;
    const bool is_used = static_cast<std::uint32_t>(h) < heads;
    MK_UNROLL
    for (std::uint32_t i = 0; i < 8; ++i) {
      q[h][i] = is_used ? scratch.q[static_cast<std::uint32_t>(h) * head_dim + column + i] : 0.0F;
    }
  }
  run_positions(c, run, task, q, position + 1);
  write_part(c, run, scratch, head_dim);
  c.sync();
  join_warps(c, scratch, task.y + std::uint64_t{row} * task.y_stride + first * head_dim, heads,
             head_dim);
  c.sync();
}

// A hint for what does not depend on the new tokens: the cache, and their rows of the rope table.
template <class C>
MK_HD void preload_attention(C& c, const AttentionTask& task, const Step& step) {
  if (c.thread() != 0) return;
  const std::uint64_t first = std::uint64_t{step.context_before} * task.head_dim;
  if (first > 0) {
    c.prefetch(task.keys, static_cast<std::uint32_t>(first * sizeof(Bf16)));
    c.prefetch(task.values, static_cast<std::uint32_t>(first * sizeof(Bf16)));
  }
  c.prefetch(task.rope + first,
             step.new_tokens * task.head_dim * static_cast<std::uint32_t>(sizeof(float)));
}

// Requires: head_dim a power of two in 16 .. kMaxHeadDim, attention_work_bytes() of work area.
template <class Shape, class C>
MK_HD void run_attention(C& c, const AttentionTask& task, const Step& step) {
  append_tokens(c, task, step);
  for (std::uint32_t t = 0; t < step.new_tokens; ++t) {
    for (std::uint32_t first = 0; first < task.group; first += kHeads) {
      const std::uint32_t left = task.group - first;
      attend<Shape>(c, task, step.first_row + t, step.context_before + t, first,
                    left < kHeads ? left : kHeads);
    }
  }
}

}  // namespace mk::cuda
