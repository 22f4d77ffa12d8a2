// Attention of one request on one or more KV heads: QK-norm, RoPE, KV append, softmax(q k) v. Over
// a contiguous cache or through a page table; over the whole context or a part of it, and then the
// merge of the parts.
//
// Positions go to the warps in turn, several at once in a warp: head_dim / 8 lanes hold one
// position's row, 8 elements each. Every warp keeps a running maximum and sum (online softmax) for
// up to kHeads q heads; at the end warps are joined through shared memory.
//
// Invariant: results depend on the context, its parts and the block's shape, not on policy, batch
// or where pages lie.
#pragma once

#include "gpu_backend/cuda/block.h"
#include "gpu_backend/cuda/task_descriptor.h"

namespace mk::cuda {

inline constexpr int kHeads = 4;           // q heads that share one pass over the cache
inline constexpr float kNoScore = -1e30F;  // finite, so that differences are

// Positions of a lane whose rows are requested together.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
inline constexpr int kAhead = 3;  // its shuffles may be calls, which take registers
#else
inline constexpr int kAhead = 4;
#endif

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
    scale = c.rsqrt(c.divide(squares, static_cast<float>(head_dim)) + epsilon);
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

// Where a position's row begins behind the task's keys or values.
MK_INLINE std::uint64_t row_of(const AttentionTask& task, std::uint32_t position) {
  if (task.pages == nullptr) return std::uint64_t{position} * task.head_dim;
  const auto page = static_cast<std::uint32_t>(task.pages[position >> task.page_shift]);
  const std::uint32_t within = position & ((1U << task.page_shift) - 1);
  return std::uint64_t{page} * task.page_stride + std::uint64_t{within} * task.head_dim;
}

// Keys and values of all new tokens that lie in the task's part go into the cache; seen by the
// block after its next sync(). The last warps do it, a key or a value each: the first ones turn the
// queries at the same time.
template <class C>
MK_HD void append_tokens(C& c, const AttentionTask& task, const Step& step, std::uint32_t kv_head) {
  const std::uint32_t head_dim = task.head_dim;
  const std::uint64_t cache = std::uint64_t{kv_head} * task.kv_stride;
  for (std::uint32_t k = c.warps() - 1 - c.warp(); k < 2 * step.new_tokens; k += c.warps()) {
    const std::uint32_t t = k / 2;
    const std::uint32_t position = step.context_before + t;
    if (position < task.first_position || position >= task.end_position) continue;
    const float* const row = task.qkv + std::uint64_t{step.first_row + t} * task.qkv_stride;
    const float* const key = row + (kv_head * (task.group + 2) + task.group) * head_dim;
    const std::uint64_t to = cache + row_of(task, position);
    if (k % 2 == 0) {
      turned_head(c, key, task.k_norm, task.epsilon, task.rope + std::uint64_t{position} * head_dim,
                  head_dim, [&](std::uint32_t i, float v) { task.keys[to + i] = to_bf16(v); });
    } else {
      for (std::uint32_t i = c.lane(); i < head_dim; i += 32) {
        task.values[to + i] = to_bf16(key[head_dim + i]);
      }
    }
  }
}

// The running softmax of one lane group: maximum, sum of p, and its 8 elements of sum p v, a head.
template <int Heads>
struct Running {
  float highest[Heads];
  float total[Heads];
  float out[Heads][8];
};

// Positions of a lane that are dealt with together: base, base + step ...; those past the end stand
// for the last one, and count nothing.
struct Batch {
  std::uint32_t base;
  std::uint32_t step;
  std::uint32_t end;

  MK_INLINE std::uint32_t wanted(int a) const {
    return base + static_cast<std::uint32_t>(a) * step;
  }
  MK_INLINE bool has(int a) const { return wanted(a) < end; }
};

// This lane's 8 elements of the batch's rows.
MK_INLINE void load_rows(Words4 (&rows)[kAhead], const AttentionTask& task, const Bf16* cache,
                         const Batch& batch) {
  MK_UNROLL
  for (int a = 0; a < kAhead; ++a) {
    rows[a] = load_as<Words4>(cache + row_of(task, batch.has(a) ? batch.wanted(a) : batch.end - 1));
  }
}

// score[h][a] = q[h] . keys[a], summed over the lanes of a row; kNoScore where there is none. All
// exchanges of a step are under way together.
template <int Heads, int Ahead, class C>
MK_INLINE void sum_scores(C& c, float (&score)[Heads][Ahead], const Batch& batch,
                          std::uint32_t lanes_per_row) {
  for (std::uint32_t mask = lanes_per_row / 2; mask > 0; mask /= 2) {
    MK_UNROLL
    for (int h = 0; h < Heads; ++h) {
      MK_UNROLL
      for (int a = 0; a < Ahead; ++a) score[h][a] += c.shuffle_xor(score[h][a], mask);
    }
  }
  MK_UNROLL
  for (int h = 0; h < Heads; ++h) {
    MK_UNROLL
    for (int a = 0; a < Ahead; ++a) {
      if (!batch.has(a)) score[h][a] = kNoScore;
    }
  }
}

template <int Heads, int Ahead>
MK_INLINE void multiply_keys(float (&score)[Heads][Ahead], const float (&q)[Heads][8],
                             const Words4 (&keys)[kAhead]) {
  MK_UNROLL
  for (int a = 0; a < Ahead; ++a) {
    const Floats<8> k = widen(keys[a]);
    MK_UNROLL
    for (int h = 0; h < Heads; ++h) {
      score[h][a] = 0;
      MK_UNROLL
      for (int i = 0; i < 8; ++i) score[h][a] += q[h][i] * k.at[i];
    }
  }
}

// Scores become shares e^(score - highest); what ran so far is scaled to the new maximum.
template <int Heads, int Ahead, class C>
MK_INLINE void weigh_batch(C& c, Running<Heads>& run, float (&score)[Heads][Ahead],
                           const Batch& batch) {
  MK_UNROLL
  for (int h = 0; h < Heads; ++h) {
    float highest = run.highest[h];
    MK_UNROLL
    for (int a = 0; a < Ahead; ++a) highest = score[h][a] > highest ? score[h][a] : highest;
    const float old_share = c.exp(run.highest[h] - highest);
    run.highest[h] = highest;
    run.total[h] *= old_share;
    MK_UNROLL
    for (int i = 0; i < 8; ++i) run.out[h][i] *= old_share;
    MK_UNROLL
    for (int a = 0; a < Ahead; ++a) {
      score[h][a] = batch.has(a) ? c.exp(score[h][a] - highest) : 0.0F;
      run.total[h] += score[h][a];
    }
  }
}

template <int Heads, int Ahead>
MK_INLINE void add_values(Running<Heads>& run, const float (&share)[Heads][Ahead],
                          const Words4 (&values)[kAhead]) {
  MK_UNROLL
  for (int a = 0; a < Ahead; ++a) {
    const Floats<8> v = widen(values[a]);
    MK_UNROLL
    for (int h = 0; h < Heads; ++h) {
      MK_UNROLL
      for (int i = 0; i < 8; ++i) run.out[h][i] += share[h][a] * v.at[i];
    }
  }
}

// This lane's 8 elements of the queries. Past the pass's heads lies what is used for nothing.
template <int Heads>
MK_INLINE void load_queries(float (&q)[Heads][8], const float* queries, std::uint32_t head_dim) {
  MK_UNROLL
  for (int h = 0; h < Heads; ++h) {
    const float* const row = queries + static_cast<std::uint32_t>(h) * head_dim;
    const Float4 low = load_as<Float4>(row);
    const Float4 high = load_as<Float4>(row + 4);
    MK_UNROLL
    for (int i = 0; i < 4; ++i) {
      q[h][i] = low.at[i];
      q[h][i + 4] = high.at[i];
    }
  }
}

// This warp's positions of [first, end). The next batch's keys are requested when this one's are
// used up, its values likewise: so loads are in flight all the time, in the same registers. The
// rest is dealt with one by one: of a short context that is all there is, and it is less code to go
// through.
template <int Heads, class C>
MK_INLINE void run_positions(C& c, Running<Heads>& run, const AttentionTask& task,
                             std::uint64_t cache, const float* queries, std::uint32_t first,
                             std::uint32_t end) {
  const std::uint32_t lanes_per_row = task.head_dim / 8;
  const std::uint32_t rows = 32 / lanes_per_row;
  const std::uint32_t step = c.warps() * rows;
  const std::uint32_t column = c.lane() % lanes_per_row * 8;
  const Bf16* const keys = task.keys + cache + column;
  const Bf16* const values = task.values + cache + column;
  std::uint32_t base = first + c.warp() * rows;  // of the warp's first row
  if (base >= end) return;
  const std::uint32_t of_lane = c.lane() / lanes_per_row;
  Words4 key[kAhead];
  Words4 value[kAhead];
  load_rows(key, task, keys, {base + of_lane, step, end});
  load_rows(value, task, values, {base + of_lane, step, end});
  float q[Heads][8];  // read while the rows are on the way
  load_queries<Heads>(q, queries + column, task.head_dim);
  while (base + (kAhead - 1) * step < end) {
    const Batch batch{base + of_lane, step, end};
    base += kAhead * step;
    const Batch next{base + of_lane, step, end};
    float score[Heads][kAhead];
    multiply_keys<Heads, kAhead>(score, q, key);
    if (base < end) load_rows(key, task, keys, next);
    sum_scores<Heads, kAhead>(c, score, batch, lanes_per_row);
    weigh_batch<Heads, kAhead>(c, run, score, batch);
    add_values<Heads, kAhead>(run, score, value);
    if (base < end) load_rows(value, task, values, next);
  }
  for (; base < end; base += step) {
    const Batch batch{base + of_lane, step, end};
    float score[Heads][1];
    multiply_keys<Heads, 1>(score, q, key);
    sum_scores<Heads, 1>(c, score, batch, lanes_per_row);
    weigh_batch<Heads, 1>(c, run, score, batch);
    add_values<Heads, 1>(run, score, value);
    MK_UNROLL
    for (int a = 0; a + 1 < kAhead; ++a) {
      key[a] = key[a + 1];
      value[a] = value[a + 1];
    }
  }
}

// Joins the lane groups of the warp: afterwards each has the whole.
template <int Heads, class C>
MK_INLINE void join_lanes(C& c, Running<Heads>& run, std::uint32_t lanes_per_row) {
  float highest[Heads];
  MK_UNROLL
  for (int h = 0; h < Heads; ++h) highest[h] = run.highest[h];
  for (std::uint32_t mask = lanes_per_row; mask < 32; mask *= 2) {
    MK_UNROLL
    for (int h = 0; h < Heads; ++h) {
      const float other = c.shuffle_xor(highest[h], mask);
      highest[h] = other > highest[h] ? other : highest[h];
    }
  }
  MK_UNROLL
  for (int h = 0; h < Heads; ++h) {
    const float share = c.exp(run.highest[h] - highest[h]);
    run.highest[h] = highest[h];
    run.total[h] *= share;
    MK_UNROLL
    for (int i = 0; i < 8; ++i) run.out[h][i] *= share;
  }
  for (std::uint32_t mask = lanes_per_row; mask < 32; mask *= 2) {
    MK_UNROLL
    for (int h = 0; h < Heads; ++h) {
      run.total[h] += c.shuffle_xor(run.total[h], mask);
      MK_UNROLL
      for (int i = 0; i < 8; ++i) run.out[h][i] += c.shuffle_xor(run.out[h][i], mask);
    }
  }
}

// Leaves the warp's part in shared memory.
template <int Heads, class C>
MK_INLINE void write_part(C& c, const Running<Heads>& run, const AttentionScratch& scratch,
                          std::uint32_t head_dim) {
  MK_UNROLL
  for (int h = 0; h < Heads; ++h) {
    float* const part =
        scratch.part + (c.warp() * kHeads + static_cast<std::uint32_t>(h)) * (head_dim + 2);
    if (c.lane() < head_dim / 8) {
      MK_UNROLL
      for (std::uint32_t i = 0; i < 8; ++i) part[c.lane() * 8 + i] = run.out[h][i];
    }
    if (c.lane() == 0) {
      part[head_dim] = run.highest[h];
      part[head_dim + 1] = run.total[h];
    }
  }
}

// Element `element` of the softmax over `parts` parts: rows of head_dim sums, then maximum and
// total, `stride` floats apart.
struct Joined {
  float sum;
  float highest;
  float total;
};
template <class C>
MK_INLINE Joined join_parts(C& c, const float* parts, std::uint32_t count, std::uint64_t stride,
                            std::uint32_t element, std::uint32_t head_dim) {
  Joined joined{0, kNoScore, 0};
  for (std::uint32_t p = 0; p < count; ++p) {
    const float other = parts[p * stride + head_dim];
    joined.highest = other > joined.highest ? other : joined.highest;
  }
  for (std::uint32_t p = 0; p < count; ++p) {
    const float* const part = parts + p * stride;
    const float share = c.exp(part[head_dim] - joined.highest);
    joined.total += share * part[head_dim + 1];
    joined.sum += share * part[element];
  }
  return joined;
}

// y of `heads` heads from the parts of all warps; of a part of the context, what merges it.
template <class C>
MK_HD void join_warps(C& c, const AttentionTask& task, const AttentionScratch& scratch, float* y,
                      std::uint32_t heads) {
  const std::uint32_t head_dim = task.head_dim;
  const std::uint32_t pitch = head_dim + 2;
  for (std::uint32_t i = c.thread(); i < heads * head_dim; i += c.threads()) {
    const std::uint32_t head = i / head_dim;
    const std::uint32_t element = i % head_dim;
    const Joined joined = join_parts(c, scratch.part + head * pitch, c.warps(),
                                     std::uint64_t{kHeads} * pitch, element, head_dim);
    float* const of_head = y + std::uint64_t{head} * task.y_head_stride;
    if (task.is_part == 0) {
      of_head[element] = c.divide(joined.sum, joined.total);
      continue;
    }
    of_head[element] = joined.sum;
    if (element == 0) {
      of_head[head_dim] = joined.highest;
      of_head[head_dim + 1] = joined.total;
    }
  }
}

// One pass over the positions: q heads [head, head + heads) of the task's, of one new token.
struct Pass {
  std::uint32_t row;  // of the batch
  std::uint32_t position;
  std::uint32_t kv_head;
  std::uint32_t head;  // within the KV head's group
  std::uint32_t heads;
};

template <int Heads, class C>
MK_HD void attend_heads(C& c, const AttentionTask& task, const Pass& pass,
                        const AttentionScratch& scratch) {
  const std::uint32_t head_dim = task.head_dim;
  Running<Heads> run{};
  MK_UNROLL
  for (int h = 0; h < Heads; ++h) run.highest[h] = kNoScore;
  const std::uint32_t end =
      pass.position < task.end_position ? pass.position + 1 : task.end_position;
  run_positions(c, run, task, std::uint64_t{pass.kv_head} * task.kv_stride, scratch.q,
                task.first_position, end);
  // A warp without a position has nothing to join.
  if (task.first_position + c.warp() * (256 / head_dim) < end) join_lanes(c, run, head_dim / 8);
  write_part(c, run, scratch, head_dim);
}

template <class Shape, class C>
MK_HD void attend(C& c, const AttentionTask& task, const Pass& pass) {
  const std::uint32_t head_dim = task.head_dim;
  const AttentionScratch scratch = attention_scratch<Shape>(c, head_dim);
  const float* const qkv = task.qkv + std::uint64_t{pass.row} * task.qkv_stride +
                           (pass.kv_head * (task.group + 2) + pass.head) * head_dim;
  const float scale = c.rsqrt(static_cast<float>(head_dim));
  for (std::uint32_t h = c.warp(); h < pass.heads; h += c.warps()) {
    float* const q = scratch.q + h * head_dim;
    turned_head(c, qkv + h * head_dim, task.q_norm, task.epsilon,
                task.rope + std::uint64_t{pass.position} * head_dim, head_dim,
                [&](std::uint32_t i, float v) { q[i] = v * scale; });
  }
  c.sync();
  if (pass.heads > 2) {
    attend_heads<kHeads>(c, task, pass, scratch);
  } else if (pass.heads == 2) {
    attend_heads<2>(c, task, pass, scratch);
  } else {
    attend_heads<1>(c, task, pass, scratch);
  }
  c.sync();
  const std::uint32_t head = pass.kv_head * task.group + pass.head;
  join_warps(
      c, task, scratch,
      task.y + std::uint64_t{pass.row} * task.y_stride + std::uint64_t{head} * task.y_head_stride,
      pass.heads);
  c.sync();
}

// A hint for what does not depend on the new tokens: the cache, and their rows of the rope table.
// Of a paged cache nothing: who has which page is known once the iteration has begun.
template <class C>
MK_HD void preload_attention(C& c, const AttentionTask& task, const Step& step) {
  if (c.thread() != 0) return;
  const std::uint64_t first = std::uint64_t{step.context_before} * task.head_dim;
  const std::uint32_t end =
      step.context_before < task.end_position ? step.context_before : task.end_position;
  if (end > task.first_position && task.pages == nullptr) {
    const std::uint64_t from = std::uint64_t{task.first_position} * task.head_dim;
    const std::uint32_t bytes =
        (end - task.first_position) * task.head_dim * static_cast<std::uint32_t>(sizeof(Bf16));
    c.prefetch(task.keys + from, bytes);
    c.prefetch(task.values + from, bytes);
  }
  c.prefetch(task.rope + first,
             step.new_tokens * task.head_dim * static_cast<std::uint32_t>(sizeof(float)));
}

// Requires: head_dim a power of two in 16 .. kMaxHeadDim, attention_work_bytes() of work area.
template <class Shape, class C>
MK_HD void run_attention(C& c, const AttentionTask& task, const Step& step) {
  for (std::uint32_t kv_head = 0; kv_head < task.kv_heads; ++kv_head) {
    append_tokens(c, task, step, kv_head);
    for (std::uint32_t t = 0; t < step.new_tokens; ++t) {
      for (std::uint32_t head = 0; head < task.group; head += kHeads) {
        const std::uint32_t left = task.group - head;
        attend<Shape>(c, task,
                      {step.first_row + t, step.context_before + t, kv_head, head,
                       left < kHeads ? left : kHeads});
      }
    }
  }
}

// y of a request's new tokens from the parts of their contexts.
template <class C>
MK_HD void run_attention_merge(C& c, const AttentionMergeTask& task, const Step& step) {
  const std::uint32_t pitch = task.head_dim + 2;
  const std::uint32_t width = task.heads * task.head_dim;
  for (std::uint32_t i = c.thread(); i < step.new_tokens * width; i += c.threads()) {
    const std::uint64_t row = step.first_row + i / width;
    const std::uint32_t head = i % width / task.head_dim;
    const Joined joined = join_parts(
        c, task.partial + row * task.partial_stride + std::uint64_t{head} * task.splits * pitch,
        task.splits, pitch, i % task.head_dim, task.head_dim);
    task.y[row * task.y_stride + i % width] = c.divide(joined.sum, joined.total);
  }
}

}  // namespace mk::cuda
