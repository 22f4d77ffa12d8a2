// The linear body of one token: streams the tile's weights once. That of several is in
// batch_linear.h; a task says which of the two it is.
//
// Each warp owns a ring of shared-memory chunks and fills it itself: the chunks of the rows that
// are its own, one bulk copy each, always kStages of them in flight or in use. So warps never wait
// for each other while they stream, and the ring goes on from task to task: chunks of the next
// linear task may be requested while this one computes (WarpStream).
//
// Invariant: each output is summed in an order that depends on `in` alone: the cut into tasks
// changes no bit of it.
#pragma once

#include "core/row_deal.h"
#include "gpu_backend/cuda/block.h"
#include "gpu_backend/cuda/bodies/batch_linear.h"
#include "gpu_backend/cuda/bodies/elementwise.h"
#include "gpu_backend/cuda/bodies/warp_stream.h"
#include "gpu_backend/cuda/task_descriptor.h"

namespace mk::cuda {

// How the weights of a task are cut into chunks for one warp. Groups of rows go to the warps in
// turn (core/row_deal.h); a group is one chunk of two short rows, or one long row in panels.
template <class Shape>
struct ChunkPlan {
  std::uint32_t in = 0;
  std::uint32_t rows = 0;
  std::uint32_t group_rows = 1;
  std::uint32_t panels = 1;
  std::uint32_t panel = 0;   // columns of a panel; the last may be shorter
  std::uint32_t groups = 0;  // of this warp

  MK_INLINE ChunkPlan(const LinearTask& task, std::uint32_t warp) : in(task.in), rows(task.rows) {
    const RowDeal deal = RowDeal::of(rows, in, Shape::kChunkElements);
    group_rows = deal.group_rows;
    panels = (in + Shape::kChunkElements - 1) / Shape::kChunkElements;
    panel = ((in + panels - 1) / panels + 127) / 128 * 128;
    groups = deal.groups_of(warp, Shape::kWarps);
  }
  MK_INLINE std::uint32_t chunks() const { return groups * panels; }
  MK_INLINE std::uint32_t row_of_group(std::uint32_t group, std::uint32_t warp) const {
    return (group * Shape::kWarps + warp) * group_rows;
  }
  MK_INLINE std::uint32_t rows_at(std::uint32_t row) const {
    return row + group_rows <= rows ? group_rows : 1;
  }
  MK_INLINE std::uint32_t columns_of(std::uint32_t p) const {
    return (p + 1) * panel <= in ? panel : in - p * panel;
  }
  // A chunk's first element behind the task's weights, and how many.
  struct Place {
    std::uint64_t offset;
    std::uint32_t elements;
  };
  MK_INLINE Place place(std::uint32_t chunk, std::uint32_t warp) const {
    const std::uint32_t row = row_of_group(chunk / panels, warp);
    const std::uint32_t p = chunk % panels;
    return {std::uint64_t{row} * in + std::uint64_t{p} * panel,
            panels == 1 ? rows_at(row) * in : columns_of(p)};
  }
};

template <class Shape, class C>
MK_INLINE void request_chunk(C& c, WarpStream& stream, const LinearTask& task,
                             const ChunkPlan<Shape>& plan, std::uint32_t chunk) {
  SharedMemory<Shape>& shared = shared_of<Shape>(c);
  const std::uint32_t stage = stream.requested % Shape::kStages;
  const auto [offset, elements] = plan.place(chunk, c.warp());
  c.copy(shared.ring[c.warp()][stage], task.weights + offset, elements * 2,
         &shared.full[c.warp()][stage]);
  ++stream.requested;
}

// Requests this warp's first chunks of a task of one token, into the first `stages` of its ring.
template <class Shape, class C>
MK_INLINE void request_first(C& c, WarpStream& stream, const LinearTask& task,
                             std::uint32_t stages) {
  const ChunkPlan<Shape> plan(task, c.warp());
  for (std::uint32_t chunk = stream.requested - stream.used;
       chunk < plan.chunks() && chunk < stages; ++chunk) {
    request_chunk(c, stream, task, plan, chunk);
  }
}

// The same for a task that is yet to come, of any number of tokens.
template <class Shape, class C>
MK_HD void preload_linear(C& c, WarpStream& stream, const LinearTask& task,
                          std::uint32_t stages = Shape::kStages) {
  if (task.token_tiles != 0) return preload_batch<Shape>(c, stream, task, stages);
  WarpStream own = stream;
  request_first<Shape>(c, own, task, stages);
  stream = own;
}

// A hint for what else of the task depends on no event.
template <class C>
MK_HD void hint_linear(C& c, const LinearTask& task) {
  if (task.input == LinearInput::kNorm && c.thread() == 0) c.prefetch(task.norm, task.in * 2);
}

// Quads of a row that a thread has in registers at once, so that their loads are in flight
// together.
inline constexpr std::uint32_t kQuads = 2;
inline constexpr std::uint32_t kPairQuads = 3;  // of a row of pairs, twice as many loads

// A row is staged in passes. Between the loads of the first and their use, `meanwhile()` is called
// by all threads: what it requests does not stand in front of the row.

// to[i] = x[i].
template <class C, class Meanwhile>
MK_HD void stage_plain(C& c, const LinearTask& task, const float* x, float* to,
                       Meanwhile&& meanwhile) {
  const std::uint32_t step = c.threads() * 4;
  const auto pass = [&](std::uint32_t base, auto&& between) {
    Float4 v[kQuads];
    MK_UNROLL
    for (std::uint32_t q = 0; q < kQuads; ++q) {
      v[q] = base + q * step < task.in ? load_as<Float4>(x + base + q * step) : Float4{};
    }
    between();
    MK_UNROLL
    for (std::uint32_t q = 0; q < kQuads; ++q) {
      if (base + q * step < task.in) store_quad(to + base + q * step, v[q]);
    }
  };
  std::uint32_t base = c.thread() * 4;
  pass(base, meanwhile);
  for (base += kQuads * step; base < task.in; base += kQuads * step) pass(base, [] {});
}

// to[i] = silu(x[2 i]) * x[2 i + 1].
template <class C, class Meanwhile>
MK_HD void stage_silu(C& c, const LinearTask& task, const float* x, float* to,
                      Meanwhile&& meanwhile) {
  const std::uint32_t step = c.threads() * 4;
  const auto pass = [&](std::uint32_t base, auto&& between) {
    Float4 a[kPairQuads];
    Float4 b[kPairQuads];
    MK_UNROLL
    for (std::uint32_t q = 0; q < kPairQuads; ++q) {
      const std::uint32_t i = base + q * step;
      a[q] = i < task.in ? load_as<Float4>(x + 2 * i) : Float4{};
      b[q] = i < task.in ? load_as<Float4>(x + 2 * i + 4) : Float4{};
    }
    between();
    MK_UNROLL
    for (std::uint32_t q = 0; q < kPairQuads; ++q) {
      const std::uint32_t i = base + q * step;
      if (i >= task.in) continue;
      store_quad(to + i, {{silu(c, a[q].at[0]) * a[q].at[1], silu(c, a[q].at[2]) * a[q].at[3],
                           silu(c, b[q].at[0]) * b[q].at[1], silu(c, b[q].at[2]) * b[q].at[3]}});
    }
  };
  std::uint32_t base = c.thread() * 4;
  pass(base, meanwhile);
  for (base += kPairQuads * step; base < task.in; base += kPairQuads * step) pass(base, [] {});
}

// to[i] = x[i] * scale * norm[i]. A row's first quads stay in registers between the two passes.
template <class Shape, class C, class Meanwhile>
MK_HD void stage_normed(C& c, const LinearTask& task, const float* x, float* to,
                        Meanwhile&& meanwhile) {
  const std::uint32_t step = c.threads() * 4;
  const std::uint32_t first = c.thread() * 4;
  Float4 v[kQuads];
  Words2 w[kQuads];
  MK_UNROLL
  for (std::uint32_t q = 0; q < kQuads; ++q) {
    const std::uint32_t i = first + q * step;
    v[q] = i < task.in ? load_as<Float4>(x + i) : Float4{};
    w[q] = i < task.in ? load_as<Words2>(task.norm + i) : Words2{};
  }
  meanwhile();
  float squares = 0;
  MK_UNROLL
  for (std::uint32_t q = 0; q < kQuads; ++q) {
    for (int k = 0; k < 4; ++k) squares += v[q].at[k] * v[q].at[k];
  }
  for (std::uint32_t i = first + kQuads * step; i < task.in; i += step) {
    const Float4 u = load_as<Float4>(x + i);
    for (int k = 0; k < 4; ++k) squares += u.at[k] * u.at[k];
  }
  squares = block_sum<Shape>(c, squares);
  const float scale = c.rsqrt(c.divide(squares, static_cast<float>(task.in)) + task.epsilon);
  const auto write = [&](std::uint32_t i, Float4 u, const Words2& weights) {
    const Floats<4> weight = widen(weights);
    for (int k = 0; k < 4; ++k) u.at[k] *= scale * weight.at[k];
    store_quad(to + i, u);
  };
  MK_UNROLL
  for (std::uint32_t q = 0; q < kQuads; ++q) {
    if (first + q * step < task.in) write(first + q * step, v[q], w[q]);
  }
  for (std::uint32_t i = first + kQuads * step; i < task.in; i += step) {
    write(i, load_as<Float4>(x + i), load_as<Words2>(task.norm + i));
  }
}

// f(x) in shared memory. The task's first weights are requested meanwhile.
template <class Shape, class C>
MK_HD const float* stage_input(C& c, WarpStream& stream, const LinearTask& task) {
  float* const to = work_of<float, Shape>(c);
  const auto request = [&] { request_first<Shape>(c, stream, task, Shape::kStages); };
  if (task.input == LinearInput::kNorm) {
    stage_normed<Shape>(c, task, task.x, to, request);
  } else if (task.input == LinearInput::kSilu) {
    stage_silu(c, task, task.x, to, request);
  } else {
    stage_plain(c, task, task.x, to, request);
  }
  c.sync();
  return to;
}

// acc[r] += weights[r][lane's columns] . x, over `columns` columns of Rows rows in shared memory.
template <int Rows>
MK_INLINE void multiply_chunk(float (&acc)[Rows], const Bf16* weights, std::uint32_t row_stride,
                              const float* x, std::uint32_t columns, std::uint32_t lane) {
  for (std::uint32_t i = lane * 4; i < columns; i += 128) {
    Floats<4> w[Rows];
    MK_UNROLL
    for (int r = 0; r < Rows; ++r) {
      w[r] = load_bf16x4(weights + static_cast<std::uint32_t>(r) * row_stride + i);
    }
    const Float4 v = load_as<Float4>(x + i);
    MK_UNROLL
    for (int r = 0; r < Rows; ++r) {
      MK_UNROLL
      for (int k = 0; k < 4; ++k) acc[r] += w[r].at[k] * v.at[k];
    }
  }
}

// Adds the residual and writes y for the rows of one group. Lane r has acc[r].
template <int Rows, class C>
MK_INLINE void write_group(C& c, float (&acc)[Rows], const LinearTask& task, std::uint32_t row,
                           std::uint32_t rows, float residual) {
  float mine = 0;
  MK_UNROLL
  for (int r = 0; r < Rows; ++r) {
    const float total = c.sum(acc[r], 32);
    if (c.lane() == static_cast<std::uint32_t>(r)) mine = total;
  }
  if (c.lane() < rows) task.y[row + c.lane()] = mine + residual;
}

// This warp's groups of rows. A group's residual is asked for a group ahead.
template <class Shape, int Rows, class C>
MK_HD void stream_rows(C& c, WarpStream& stream, const LinearTask& task, const float* x) {
  const ChunkPlan<Shape> plan(task, c.warp());
  SharedMemory<Shape>& shared = shared_of<Shape>(c);
  const auto residual_of = [&](std::uint32_t group) {
    if (group >= plan.groups || task.residual == nullptr) return 0.0F;
    const std::uint32_t row = plan.row_of_group(group, c.warp());
    return c.lane() < plan.rows_at(row) ? task.residual[row + c.lane()] : 0.0F;
  };
  float coming_residual = residual_of(0);
  const std::uint32_t chunks = plan.chunks();
  std::uint32_t next = stream.requested - stream.used;  // preloaded chunks come first
  std::uint32_t chunk = 0;
  for (std::uint32_t group = 0; group < plan.groups; ++group) {
    const std::uint32_t row = plan.row_of_group(group, c.warp());
    const std::uint32_t rows = plan.rows_at(row);
    const float residual = coming_residual;
    coming_residual = residual_of(group + 1);
    float acc[Rows] = {};
    for (std::uint32_t p = 0; p < plan.panels; ++p, ++chunk) {
      for (; next < chunks && next < chunk + Shape::kStages; ++next) {
        request_chunk(c, stream, task, plan, next);
      }
      const std::uint32_t stage = stream.used % Shape::kStages;
      c.wait(&shared.full[c.warp()][stage], stream.used / Shape::kStages & 1U);
      const auto* const weights = reinterpret_cast<const Bf16*>(shared.ring[c.warp()][stage]);
      // A last single row: the second row of the pair is computed from what lies there, unused.
      multiply_chunk<Rows>(acc, weights, Rows > 1 && rows == 1 ? 0 : plan.in, x + p * plan.panel,
                           plan.columns_of(p), c.lane());
      c.warp_sync();  // all lanes have read the chunk: its stage may be filled again
      ++stream.used;
    }
    write_group<Rows>(c, acc, task, row, rows, residual);
  }
}

// Requires: in % 8 == 0, and what descriptors.h checks of the work area; of several tokens, what
// batch_linear.h requires.
template <class Shape, class C>
MK_HD void run_linear(C& c, WarpStream& stream, const LinearTask& task, const Step& step) {
  if (task.token_tiles != 0) return run_batch_linear<Shape>(c, stream, task, step.rows);
  WarpStream own = stream;
  const float* const x = stage_input<Shape>(c, own, task);
  if (RowDeal::of(task.rows, task.in, Shape::kChunkElements).group_rows == 2) {
    stream_rows<Shape, 2>(c, own, task, x);
  } else {
    stream_rows<Shape, 1>(c, own, task, x);
  }
  stream = own;
}

}  // namespace mk::cuda
