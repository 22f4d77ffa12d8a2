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

// Groups of a warp that it works off panel by panel: what a lane has of a panel of the input stays
// in its registers for all of them.
inline constexpr std::uint32_t kBand = 2;

template <class Shape>
MK_INLINE RowDeal deal_of(const LinearTask& task) {
  return RowDeal::of(task.rows, task.in, Shape::kChunkElements, task.gated != 0);
}

// How the weights of a task are cut into chunks for one warp. Groups of rows go to the warps in
// turn (core/row_deal.h); a group is one chunk of two short rows, or one long row in panels. The
// chunks come band by band, in a band panel by panel, of a panel group by group. Of a gated task a
// band is one pair of rows or two, and no pair stands in two bands.
template <class Shape>
struct ChunkPlan {
  std::uint32_t in = 0;
  RowDeal deal{};
  std::uint32_t panel = 0;   // columns of a panel; the last may be shorter
  std::uint32_t groups = 0;  // of this warp

  ChunkPlan() = default;
  MK_INLINE ChunkPlan(const LinearTask& task, std::uint32_t warp)
      : in(task.in), deal(deal_of<Shape>(task)) {
    const std::uint32_t panels = deal.panels;
    panel = panels == 1 ? in : ((in + panels - 1) / panels + 127) / 128 * 128;
    groups = deal.groups_of(warp, Shape::kWarps);
  }
  MK_INLINE std::uint32_t row_of_group(std::uint32_t group, std::uint32_t warp) const {
    return deal.row_of(group, warp, Shape::kWarps);
  }
  MK_INLINE std::uint32_t rows_at(std::uint32_t row) const {
    return row + deal.group_rows <= deal.rows ? deal.group_rows : 1;
  }
  // Groups of the band that begins with that group.
  MK_INLINE std::uint32_t band_at(std::uint32_t group) const {
    return group + kBand <= groups ? kBand : groups - group;
  }
  MK_INLINE std::uint32_t columns_of(std::uint32_t p) const {
    return (p + 1) * panel <= in ? panel : in - p * panel;
  }
};

// A warp's chunks one after the other. (No divisions: a warp asks for its chunks between two rows.)
template <class Shape>
struct ChunkCursor {
  std::uint32_t first = 0;  // group that the band begins with
  std::uint32_t panel = 0;
  std::uint32_t of_band = 0;

  MK_INLINE bool has_more(const ChunkPlan<Shape>& plan) const { return first < plan.groups; }
  MK_INLINE void advance(const ChunkPlan<Shape>& plan) {
    if (++of_band < plan.band_at(first)) return;
    of_band = 0;
    if (++panel < plan.deal.panels) return;
    panel = 0;
    first += kBand;
  }
};

template <class Shape, class C>
MK_INLINE void request_chunk(C& c, WarpStream& stream, const LinearTask& task,
                             const ChunkPlan<Shape>& plan, const ChunkCursor<Shape>& at) {
  SharedMemory<Shape>& shared = shared_of<Shape>(c);
  const std::uint32_t stage = stream.requested % Shape::kStages;
  const std::uint32_t row = plan.row_of_group(at.first + at.of_band, c.warp());
  const std::uint64_t offset = std::uint64_t{row} * plan.in + std::uint64_t{at.panel} * plan.panel;
  const std::uint32_t elements =
      plan.deal.panels == 1 ? plan.rows_at(row) * plan.in : plan.columns_of(at.panel);
  c.copy(shared.ring[c.warp()][stage], task.weights + offset, elements * 2,
         &shared.full[c.warp()][stage]);
  ++stream.requested;
}

// Requests chunks until that many are under way or lie there.
template <class Shape, class C>
MK_INLINE void request_up_to(C& c, WarpStream& stream, const LinearTask& task,
                             const ChunkPlan<Shape>& plan, ChunkCursor<Shape>& next,
                             std::uint32_t stages) {
  for (; stream.requested - stream.used < stages && next.has_more(plan); next.advance(plan)) {
    request_chunk(c, stream, task, plan, next);
  }
}

// The first chunk of a task that is not requested.
template <class Shape>
MK_INLINE ChunkCursor<Shape> first_missing(const WarpStream& stream, const ChunkPlan<Shape>& plan) {
  const std::uint32_t there = stream.requested - stream.used;
  if (plan.deal.panels == 1) {
    return {there < plan.groups ? there / kBand * kBand : plan.groups, 0, there % kBand};
  }
  static_assert(kBand == 2, "a chunk's place in the first band, by shifts");
  const std::uint32_t shift = plan.groups < kBand ? 0 : 1;
  if (there >> shift == plan.deal.panels) return {kBand, 0, 0};
  return {0, there >> shift, there & shift};
}

// Requests this warp's first chunks of a task that is yet to come, of any number of tokens, into
// the first `stages` of its ring. In turn: a few at a time, until the task's event is active
// (await_turn()).
template <class Shape, class C>
MK_HD void preload_linear(C& c, WarpStream& stream, const LinearTask& task,
                          std::uint32_t stages = Shape::kStages, bool in_turn = false) {
  if (task.token_tiles != 0) return preload_batch<Shape>(c, stream, task, stages, in_turn);
  const ChunkPlan<Shape> plan(task, c.warp());
  WarpStream own = stream;
  ChunkCursor<Shape> next = first_missing(own, plan);
  constexpr std::uint32_t kUnderWay = chunks_under_way(Shape::kChunkBytes);
  const auto chunks_of = [&](std::uint32_t warp) {
    return plan.deal.groups_of(warp, Shape::kWarps) * plan.deal.panels;
  };
  for (std::uint32_t chunk = own.requested - own.used; chunk < stages && next.has_more(plan);
       ++chunk) {
    if (in_turn && !await_turn<Shape>(c, chunk * Shape::kWarps + c.warp(), kUnderWay, chunks_of)) {
      break;
    }
    request_chunk(c, own, task, plan, next);
    next.advance(plan);
  }
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

// A row is staged in passes, once the task's input is there. Between the loads of the first and
// their use, `meanwhile()` is called by all threads: what it requests does not stand in front of
// the row.

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
  c.await_input();
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
  c.await_input();
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
    w[q] = i < task.in ? load_as<Words2>(task.norm + i) : Words2{};
  }
  c.await_input();
  MK_UNROLL
  for (std::uint32_t q = 0; q < kQuads; ++q) {
    const std::uint32_t i = first + q * step;
    v[q] = i < task.in ? load_as<Float4>(x + i) : Float4{};
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

// f(x) in shared memory.
template <class Shape, class C, class Meanwhile>
MK_INLINE const float* stage_input(C& c, const LinearTask& task, Meanwhile&& meanwhile) {
  float* const to = work_of<float, Shape>(c);
  if (task.input == LinearInput::kNorm) {
    stage_normed<Shape>(c, task, task.x, to, meanwhile);
  } else if (task.input == LinearInput::kSilu) {
    stage_silu(c, task, task.x, to, meanwhile);
  } else {
    stage_plain(c, task, task.x, to, meanwhile);
  }
  c.sync();
  return to;
}

// Columns of the input that a lane has in registers: four of each 128, beginning with its own. (By
// eights they would conflict in shared memory.)
template <int Steps>
struct LaneColumns {
  float at[Steps][4];

  // `columns` columns from shared memory, at most 128 * Steps; zeros past them.
  MK_INLINE void load(const float* x, std::uint32_t columns, std::uint32_t lane) {
    MK_UNROLL
    for (int s = 0; s < Steps; ++s) {
      const std::uint32_t i = static_cast<std::uint32_t>(s) * 128 + lane * 4;
      const Float4 four = i < columns ? load_as<Float4>(x + i) : Float4{};
      MK_UNROLL
      for (int k = 0; k < 4; ++k) at[s][k] = four.at[k];
    }
  }
};

// acc[r] += weights[r][lane's columns] . x, over `columns` columns of Rows rows in shared memory.
// All loads are in flight together.
template <int Rows, int Steps>
MK_INLINE void multiply_chunk(float (&acc)[Rows], const Bf16* weights, std::uint32_t row_stride,
                              const LaneColumns<Steps>& x, std::uint32_t columns,
                              std::uint32_t lane) {
  Words2 w[Steps][Rows];
  MK_UNROLL
  for (int s = 0; s < Steps; ++s) {
    const std::uint32_t i = static_cast<std::uint32_t>(s) * 128 + lane * 4;
    MK_UNROLL
    for (int r = 0; r < Rows; ++r) {
      w[s][r] = i < columns
                    ? load_as<Words2>(weights + static_cast<std::uint32_t>(r) * row_stride + i)
                    : Words2{};
    }
  }
  MK_UNROLL
  for (int s = 0; s < Steps; ++s) {
    MK_UNROLL
    for (int r = 0; r < Rows; ++r) {
      const Floats<4> values = widen(w[s][r]);
      MK_UNROLL
      for (int k = 0; k < 4; ++k) acc[r] += values.at[k] * x.at[s][k];
    }
  }
}

// The output of a band that a lane writes: group g's row r is lane g * Rows + r's.
template <class Shape, int Rows>
struct LaneOutput {
  std::uint32_t row = 0;
  bool is_one = false;

  MK_INLINE LaneOutput(const ChunkPlan<Shape>& plan, std::uint32_t first, std::uint32_t warp,
                       std::uint32_t lane) {
    const std::uint32_t group = first + lane / Rows;
    const std::uint32_t begin = plan.row_of_group(group, warp);
    row = begin + lane % Rows;
    is_one = lane < kBand * Rows && group < plan.groups && lane % Rows < plan.rows_at(begin);
  }
  MK_INLINE float residual(const LinearTask& task) const {
    return is_one && task.residual != nullptr ? task.residual[row] : 0.0F;
  }
};

// Sums a band's outputs over the lanes, all at once, adds the residual and writes y. A pair of a
// gated task is two neighbours' (2 k and 2 k + 1), whatever Rows is.
template <class Shape, int Rows, class C>
MK_INLINE void write_band(C& c, float (&acc)[kBand][Rows], const LinearTask& task,
                          const LaneOutput<Shape, Rows>& output, float residual) {
  for (std::uint32_t mask = 16; mask > 1; mask /= 2) {
    MK_UNROLL
    for (std::uint32_t g = 0; g < kBand; ++g) {
      MK_UNROLL
      for (int r = 0; r < Rows; ++r) acc[g][r] += c.shuffle_xor(acc[g][r], mask);
    }
  }
  float mine = 0;
  MK_UNROLL
  for (std::uint32_t g = 0; g < kBand; ++g) {
    MK_UNROLL
    for (std::uint32_t r = 0; r < Rows; ++r) {
      const float total = acc[g][r] + c.shuffle_xor(acc[g][r], 1);
      if (c.lane() == g * Rows + r) mine = total;
    }
  }
  if (task.gated != 0) {
    const float up = c.shuffle_xor(mine, 1);
    if (output.is_one && c.lane() % 2 == 0) task.y[output.row / 2] = silu(c, mine) * up;
    return;
  }
  if (output.is_one) task.y[output.row] = mine + residual;
}

// This warp's groups of rows, band by band. Its residuals are asked for when a band begins.
template <class Shape, int Rows, bool kPanels, class C>
MK_HD void stream_rows(C& c, WarpStream& stream, const LinearTask& task, const float* x,
                       const ChunkPlan<Shape>& plan, ChunkCursor<Shape>& next) {
  constexpr int kSteps = (Shape::kChunkElements / Rows + 127) / 128;
  using Output = LaneOutput<Shape, Rows>;
  SharedMemory<Shape>& shared = shared_of<Shape>(c);
  LaneColumns<kSteps> columns;
  if (!kPanels) columns.load(x, plan.in, c.lane());
  for (std::uint32_t first = 0; first < plan.groups; first += kBand) {
    const Output output(plan, first, c.warp(), c.lane());
    const float residual = output.residual(task);
    float acc[kBand][Rows] = {};
    const std::uint32_t width = plan.band_at(first);
    for (std::uint32_t p = 0; p < plan.deal.panels; ++p) {
      if (kPanels) columns.load(x + p * plan.panel, plan.columns_of(p), c.lane());
      MK_ROLLED
      for (std::uint32_t g = 0; g < width; ++g) {
        request_up_to(c, stream, task, plan, next, Shape::kStages);
        const std::uint32_t stage = stream.used % Shape::kStages;
        c.wait(&shared.full[c.warp()][stage], stream.used / Shape::kStages & 1U);
        const auto* const weights = reinterpret_cast<const Bf16*>(shared.ring[c.warp()][stage]);
        const std::uint32_t row = plan.row_of_group(first + g, c.warp());
        float sums[Rows] = {};
        // A last single row: the second row of the pair is computed from what lies there, unused.
        multiply_chunk<Rows>(sums, weights, Rows > 1 && plan.rows_at(row) == 1 ? 0 : plan.in,
                             columns, plan.columns_of(p), c.lane());
        c.warp_sync();  // all lanes have read the chunk: its stage may be filled again
        ++stream.used;
        MK_UNROLL
        for (int r = 0; r < Rows; ++r) {
          MK_UNROLL
          for (std::uint32_t of = 0; of < kBand; ++of) acc[of][r] += of == g ? sums[r] : 0.0F;
        }
      }
    }
    write_band<Shape, Rows>(c, acc, task, output, residual);
  }
}

// A task of one token. What needs no input is worked out before it is there; while it is on the
// way, more weights are requested.
template <class Shape>
struct RunLinear {
  template <class C>
  MK_INLINE static void run(C& c, WarpStream* stream, const LinearTask* task) {
    WarpStream own = *stream;
    const ChunkPlan<Shape> plan(*task, c.warp());
    ChunkCursor<Shape> next = first_missing(own, plan);
    const float* const x = stage_input<Shape>(
        c, *task, [&] { request_up_to(c, own, *task, plan, next, Shape::kStages); });
    if (plan.deal.group_rows == 2) {
      stream_rows<Shape, 2, false>(c, own, *task, x, plan, next);
    } else if (plan.deal.panels == 1) {
      stream_rows<Shape, 1, false>(c, own, *task, x, plan, next);
    } else {
      stream_rows<Shape, 1, true>(c, own, *task, x, plan, next);
    }
    *stream = own;
  }
};

// Requires: in % 8 == 0, and what descriptors.h checks of the work area; of several tokens, what
// batch_linear.h requires.
template <class Shape, class C>
MK_HD void run_linear(C& c, WarpStream& stream, const LinearTask& task, const Step& step) {
  if (task.token_tiles != 0) return run_batch_linear<Shape>(c, stream, task, step.rows);
  RunLinear<Shape>::run(c, &stream, &task);
}

}  // namespace mk::cuda
