// The small bodies: embedding, RMSNorm, SiLU-mul, argmax in two steps.
#pragma once

#include "gpu_backend/cuda/block.h"
#include "gpu_backend/cuda/task_descriptor.h"

namespace mk::cuda {

template <class C>
MK_HD void run_embedding(C& c, const EmbeddingTask& task, const Step& step) {
  const std::uint32_t quads = task.width / 4;
  for (std::uint32_t i = c.thread(); i < step.rows * quads; i += c.threads()) {
    const std::uint32_t row = i / quads;
    const std::uint32_t column = i % quads * 4;
    const auto id = static_cast<std::uint32_t>(task.ids[row]);
    const std::uint64_t from = std::uint64_t{id < task.vocabulary ? id : 0} * task.table_stride;
    const Floats<4> values = load_bf16x4(task.table + from + column);
    float* const y = task.y + std::uint64_t{row} * task.y_stride + column;
    for (int k = 0; k < 4; ++k) y[k] = values.at[k];
  }
}

// 1 / sqrt(mean(x^2) + epsilon) of a row, by the whole block.
template <class Shape, class C>
MK_HD float block_rms_scale(C& c, const float* x, std::uint32_t width, float epsilon) {
  float squares = 0;
  for (std::uint32_t i = c.thread() * 4; i < width; i += c.threads() * 4) {
    const Float4 v = load_as<Float4>(x + i);
    for (int k = 0; k < 4; ++k) squares += v.at[k] * v.at[k];
  }
  squares = block_sum<Shape>(c, squares);
  return c.rsqrt(c.divide(squares, static_cast<float>(width)) + epsilon);
}

template <class Shape, class C>
MK_HD void run_rmsnorm(C& c, const RmsNormTask& task, const Step& step) {
  const std::uint32_t end = task.first + task.rows < step.rows ? task.first + task.rows : step.rows;
  for (std::uint32_t row = task.first; row < end; ++row) {
    const float* const x = task.x + std::uint64_t{row} * task.width;
    float* const y = task.y + std::uint64_t{row} * task.width;
    const float scale = block_rms_scale<Shape>(c, x, task.width, task.epsilon);
    for (std::uint32_t i = c.thread() * 4; i < task.width; i += c.threads() * 4) {
      const Float4 v = load_as<Float4>(x + i);
      const Floats<4> w = load_bf16x4(task.weight + i);
      for (std::uint32_t k = 0; k < 4; ++k) y[i + k] = v.at[k] * scale * w.at[k];
    }
  }
}

template <class C>
MK_INLINE float silu(C& c, float x) {
  return c.divide(x, 1.0F + c.exp(-x));
}

template <class C>
MK_HD void run_silu_mul(C& c, const SiluMulTask& task, const Step& step) {
  for (std::uint32_t i = c.thread(); i < step.rows * task.width; i += c.threads()) {
    const std::uint32_t row = i / task.width;
    const std::uint32_t column = i % task.width;
    const float* const pair = task.gate_up + std::uint64_t{row} * task.gate_up_stride + 2 * column;
    task.y[std::uint64_t{row} * task.y_stride + column] = silu(c, pair[0]) * pair[1];
  }
}

struct Candidate {
  float value = -3.4e38F;
  std::uint32_t index = 0xffffffffU;
};

MK_INLINE Candidate better(Candidate a, Candidate b) {
  return b.value > a.value || (b.value == a.value && b.index < a.index) ? b : a;
}

template <class C>
MK_INLINE Candidate best_of_warp(C& c, Candidate mine) {
  for (std::uint32_t mask = 16; mask > 0; mask /= 2) {
    mine = better(mine, {c.shuffle_xor(mine.value, mask), c.shuffle_xor(mine.index, mask)});
  }
  return mine;
}

// Each warp's best of `Rows` rows from `first` on, whose loads are in flight together; past the
// last one, of that again.
template <int Rows, class Shape, class C>
MK_HD void leave_best_of_rows(C& c, const ArgmaxPartialTask& task, std::uint32_t first,
                              std::uint32_t last, Candidate* of_warp) {
  Candidate best[Rows];
  for (std::uint32_t i = c.thread(); i < task.count; i += c.threads()) {
    MK_UNROLL
    for (std::uint32_t r = 0; r < Rows; ++r) {
      const std::uint32_t row = first + r < last ? first + r : last;
      best[r] = better(best[r], {task.logits[std::uint64_t{row} * task.logits_stride + i], i});
    }
  }
  MK_UNROLL
  for (std::uint32_t r = 0; r < Rows; ++r) {
    best[r] = best_of_warp(c, best[r]);
    if (c.lane() == 0 && first + r <= last) {
      of_warp[(first + r) * Shape::kWarps + c.warp()] = best[r];
    }
  }
}

template <class Shape, class C>
MK_HD void run_argmax_partial(C& c, const ArgmaxPartialTask& task, const Step& step) {
  Candidate* const of_warp = work_of<Candidate, Shape>(c);  // a row, a warp
  if (step.rows == 1) leave_best_of_rows<1, Shape>(c, task, 0, 0, of_warp);
  for (std::uint32_t row = 0; step.rows > 1 && row < step.rows; row += 8) {
    leave_best_of_rows<8, Shape>(c, task, row, step.rows - 1, of_warp);
  }
  c.sync();
  if (c.thread() < step.rows) {
    Candidate best;
    for (std::uint32_t w = 0; w < Shape::kWarps; ++w) {
      best = better(best, of_warp[c.thread() * Shape::kWarps + w]);
    }
    const std::uint32_t index = best.index == 0xffffffffU ? 0 : best.index;
    task.value[c.thread() * task.part_stride] = best.value;
    task.index[c.thread() * task.part_stride] = static_cast<std::int32_t>(task.first_index + index);
  }
}

template <class C>
MK_HD void run_argmax_reduce(C& c, const ArgmaxReduceTask& task, const Step& step) {
  const std::uint32_t end = task.first + task.rows < step.rows ? task.first + task.rows : step.rows;
  for (std::uint32_t row = task.first + c.warp(); row < end; row += c.warps()) {
    Candidate best;
    for (std::uint32_t d = 0; d < task.devices; ++d) {
      for (std::uint32_t part = c.lane(); part < task.parts; part += 32) {
        const std::uint32_t at = row * task.part_stride + part;
        best = better(best, {task.values(d)[at], static_cast<std::uint32_t>(task.indices(d)[at])});
      }
    }
    best = best_of_warp(c, best);
    if (c.lane() == 0) task.token[row] = static_cast<std::int32_t>(best.index);
  }
}

}  // namespace mk::cuda
