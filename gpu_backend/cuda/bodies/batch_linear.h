// The linear body of several tokens: products on tensor cores, weights streamed once.
//
// Columns are shared out to the warps, the same ones for every row; rows are taken in groups of 8.
// A warp streams its columns of a group after the other's through its ring, multiplies them with
// its columns of the tokens, which it keeps in registers, and leaves its part of the sums in shared
// memory. After some groups (a stretch) the block meets and adds the parts up.
//
// A float of the input is the sum of two bf16 numbers, to 2^-18 of it: half of the 16 rows that a
// product has are the tokens' first numbers, half the second ones. So a tile of tokens has 8.
//
// Which columns a lane has for which of a product's is free as long as both factors agree: lane
// (g, t) = (lane / 4, lane % 4) has columns 8 t to 8 t + 7 of each block of 32 for row or token g.
//
// Invariant: each output is summed in an order that depends on `in` and the number of tiles alone:
// neither the cut into tasks nor the number of live tokens changes a bit of it.
#pragma once

#include "gpu_backend/cuda/bodies/elementwise.h"
#include "gpu_backend/cuda/bodies/warp_stream.h"
#include "gpu_backend/cuda/task_descriptor.h"

namespace mk::cuda {

inline constexpr std::uint32_t kGroupRows = 8;
inline constexpr std::uint32_t kTileTokens = 8;
inline constexpr std::uint32_t kBlockColumns = 32;
inline constexpr std::uint32_t kTileSums = kGroupRows * kTileTokens;
inline constexpr std::uint32_t kMostGroups = 16;  // of a stretch

// The work area: parts of the sums of two stretches, parts of the tokens' squares.
MK_HD constexpr std::uint32_t batch_group_bytes(std::uint32_t warps, std::uint32_t tiles) {
  return 2 * warps * tiles * kTileSums * 4;
}
MK_HD constexpr std::uint32_t batch_square_bytes(std::uint32_t warps, std::uint32_t tiles) {
  return warps * tiles * kTileTokens * 4;
}
MK_HD constexpr std::uint32_t batch_work_bytes(std::uint32_t warps, std::uint32_t tiles) {
  return batch_square_bytes(warps, tiles) + batch_group_bytes(warps, tiles);
}

// A warp's share of a task. In each stretch it goes through its columns panel by panel, and for
// each panel through the groups. (Divisions are by constants but where there are several panels:
// everybody waits while a plan is made.)
template <class Shape, int Tiles>
struct BatchPlan {
  // Rows of a chunk lie 64 bytes apart modulo 128, so that lanes read them without conflicts.
  static constexpr std::uint32_t kMostStride =
      (Shape::kChunkBytes / kGroupRows - 64) / 128 * 128 + 64;
  // Of a panel, as many as registers hold.
  static constexpr std::uint32_t kFit = Tiles == 1 ? 6 : 3;
  static constexpr std::uint32_t kMostBlocks =
      kMostStride / (2 * kBlockColumns) < kFit ? kMostStride / (2 * kBlockColumns) : kFit;

  static constexpr std::uint32_t kShortStretch =
      Shape::kThreads < Tiles * kTileSums ? 1 : Shape::kThreads / (Tiles * kTileSums);

  std::uint32_t first = 0;   // column
  std::uint32_t end = 0;     // column
  std::uint32_t panels = 0;  // of this warp
  std::uint32_t panel = 0;   // columns of one; the last may be shorter
  std::uint32_t stride = 0;  // bytes of a chunk from row to row
  std::uint32_t groups = 0;
  std::uint32_t warps = 0;    // that have columns
  std::uint32_t stretch = 0;  // groups

  MK_INLINE BatchPlan(const LinearTask& task, std::uint32_t warp, std::uint32_t work_bytes) {
    const std::uint32_t blocks = (task.in + kBlockColumns - 1) / kBlockColumns;
    const std::uint32_t of_warp = (blocks + Shape::kWarps - 1) / Shape::kWarps;
    const std::uint32_t each = of_warp * kBlockColumns;  // columns; the last warp may have fewer
    first = warp * each;
    end = first + each < task.in ? first + each : task.in;
    MK_UNROLL
    for (std::uint32_t w = 0; w < Shape::kWarps; ++w) warps += w * each < task.in ? 1 : 0;
    panel = each;
    panels = first < end ? 1 : 0;
    if (of_warp > kMostBlocks) {
      const std::uint32_t most = (of_warp + kMostBlocks - 1) / kMostBlocks;
      panel = (of_warp + most - 1) / most * kBlockColumns;
      if (first < end) panels = (end - first - 1) / panel + 1;
    }
    stride = (2 * panel + 63) / 128 * 128 + 64;
    groups = (task.rows + kGroupRows - 1) / kGroupRows;
    const std::uint32_t fit = (work_bytes - batch_square_bytes(Shape::kWarps, Tiles)) /
                              batch_group_bytes(Shape::kWarps, Tiles);
    // Where columns are loaded anew for each stretch, as long as may be, else so that each thread
    // has one output at its end.
    const std::uint32_t wanted = of_warp > kMostBlocks ? kMostGroups : kShortStretch;
    stretch = fit < wanted ? fit : wanted;
  }
  MK_INLINE std::uint32_t begin_of(std::uint32_t p) const { return first + p * panel; }
  MK_INLINE std::uint32_t columns_of(std::uint32_t p) const {
    const std::uint32_t begin = begin_of(p);
    return begin + panel < end ? panel : end - begin;
  }
  MK_INLINE std::uint32_t end_of_stretch(std::uint32_t group) const {
    return group + stretch < groups ? group + stretch : groups;
  }
};

// A place in a warp's row of chunks.
struct BatchCursor {
  std::uint32_t stretch = 0;  // its first group
  std::uint32_t panel = 0;
  std::uint32_t group = 0;

  template <class Plan>
  MK_INLINE bool is_in(const Plan& plan) const {
    return stretch < plan.groups && plan.panels != 0;
  }
  template <class Plan>
  MK_INLINE void advance(const Plan& plan) {
    const std::uint32_t end = plan.end_of_stretch(stretch);
    if (++group < end) return;
    if (++panel == plan.panels) {
      panel = 0;
      stretch = end;
    }
    group = stretch;
  }
};

// Requests the chunk at `next` and moves on.
template <class Shape, class Plan, class C>
MK_INLINE void request_batch_chunk(C& c, WarpStream& stream, const LinearTask& task,
                                   const Plan& plan, BatchCursor& next) {
  SharedMemory<Shape>& shared = shared_of<Shape>(c);
  const std::uint32_t stage = stream.requested % Shape::kStages;
  const std::uint32_t row = next.group * kGroupRows;
  const std::uint32_t rows = task.rows - row < kGroupRows ? task.rows - row : kGroupRows;
  c.copy_rows(shared.ring[c.warp()][stage], plan.stride,
              task.weights + std::uint64_t{row} * task.in + plan.begin_of(next.panel), task.in * 2,
              rows, plan.columns_of(next.panel) * 2, &shared.full[c.warp()][stage]);
  ++stream.requested;
  next.advance(plan);
}

// The chunks from `next` on, until `stages` of the ring are filled.
template <class Shape, class Plan, class C>
MK_INLINE void fill_batch_ring(C& c, WarpStream& stream, const LinearTask& task, const Plan& plan,
                               BatchCursor& next, std::uint32_t stages) {
  while (stream.requested - stream.used < stages && next.is_in(plan)) {
    request_batch_chunk<Shape>(c, stream, task, plan, next);
  }
}

// The first chunk that was not requested yet. Requires: none of the task was used.
template <class Plan>
MK_INLINE BatchCursor cursor_of(const WarpStream& stream, const Plan& plan) {
  BatchCursor next;
  for (std::uint32_t i = stream.used; i != stream.requested; ++i) next.advance(plan);
  return next;
}

template <class Shape, int Tiles>
struct PreloadBatchLinear {
  template <class C>
  MK_HD static void run(C& c, WarpStream* stream, const LinearTask* task, std::uint32_t stages,
                        bool in_turn) {
    const BatchPlan<Shape, Tiles> plan(*task, c.warp(), c.work_bytes());
    WarpStream own = *stream;
    BatchCursor next = cursor_of(own, plan);
    const std::uint32_t under_way = chunks_under_way(kGroupRows * plan.panel * 2);
    // Warps have as many panels, but for the last of them that has columns.
    const auto chunks_of = [&](std::uint32_t warp) {
      return warp < plan.warps
                 ? BatchPlan<Shape, Tiles>(*task, warp, c.work_bytes()).panels * plan.groups
                 : 0;
    };
    for (std::uint32_t chunk = own.requested - own.used; chunk < stages && next.is_in(plan);
         ++chunk) {
      if (in_turn &&
          !await_turn<Shape>(c, chunk * Shape::kWarps + c.warp(), under_way, chunks_of)) {
        break;
      }
      request_batch_chunk<Shape>(c, own, *task, plan, next);
    }
    *stream = own;
  }
};

// As preload_linear(), for a task of several tokens.
template <class Shape, class C>
MK_HD void preload_batch(C& c, WarpStream& stream, const LinearTask& task, std::uint32_t stages,
                         bool in_turn) {
  if (task.token_tiles == 1) {
    return apart<PreloadBatchLinear<Shape, 1>>(c, &stream, &task, stages, in_turn);
  }
  return apart<PreloadBatchLinear<Shape, 2>>(c, &stream, &task, stages, in_turn);
}

// Eight of a token's columns: for each of two products, the first numbers of two pairs of columns
// and between them the second ones, as a product takes them; before they are split, floats.
struct TokenColumns {
  std::uint32_t at[8];

  MK_INLINE float value(int i) const { return bits_to_float(at[i]); }
  MK_INLINE void set(int i, float value) { at[i] = float_to_bits(value); }

  MK_INLINE void split() {
    MK_UNROLL
    for (int half = 0; half < 8; half += 4) {
      const SplitPair low = split_pair(value(half), value(half + 1));
      const SplitPair high = split_pair(value(half + 2), value(half + 3));
      at[half] = low.first;
      at[half + 1] = low.second;
      at[half + 2] = high.first;
      at[half + 3] = high.second;
    }
  }
};

// f(x) of this lane's eight columns from `i` on, but for a norm's scale and weights.
// Requires: i % 8 == 0.
template <bool SiluInput, class C>
MK_INLINE void load_token_columns(C& c, const float* x, std::uint32_t i, TokenColumns& to) {
  if constexpr (SiluInput) {
    MK_UNROLL
    for (std::uint32_t k = 0; k < 8; k += 2) {
      const Float4 v = load_as<Float4>(x + 2 * (i + k));
      to.set(static_cast<int>(k), silu(c, v.at[0]) * v.at[1]);
      to.set(static_cast<int>(k) + 1, silu(c, v.at[2]) * v.at[3]);
    }
  } else {
    MK_UNROLL
    for (std::uint32_t k = 0; k < 8; k += 4) {
      const Float4 v = load_as<Float4>(x + i + k);
      MK_UNROLL
      for (int j = 0; j < 4; ++j) to.set(static_cast<int>(k) + j, v.at[j]);
    }
  }
}

// Multiplies with the norm's weights; returns the sum of the squares of what was there.
MK_INLINE float apply_norm(const Words4& weights, TokenColumns& columns) {
  float squares = 0;
  const Floats<8> weight = widen(weights);
  MK_UNROLL
  for (int k = 0; k < 8; ++k) {
    const float v = columns.value(k);
    squares += v * v;
    columns.set(k, v * weight.at[k]);
  }
  return squares;
}

// This warp's columns of a panel of the tokens, as the products take them. Between the loads and
// their use, `meanwhile()` is called.
template <class Plan, bool SiluInput, int Tiles, class C, class Meanwhile>
MK_INLINE void load_panel(C& c, const LinearTask& task, const Plan& plan, std::uint32_t panel,
                          std::uint32_t tokens, TokenColumns (&columns)[Tiles][Plan::kMostBlocks],
                          float (&squares)[Tiles], Meanwhile&& meanwhile) {
  constexpr auto kBlocks = Plan::kMostBlocks;
  const std::uint32_t end = plan.begin_of(panel) + plan.columns_of(panel);
  const std::uint32_t begin = plan.begin_of(panel) + c.lane() % 4 * 8;
  Words4 norm[kBlocks] = {};
  MK_UNROLL
  for (int tile = 0; tile < Tiles; ++tile) {
    const std::uint32_t token = static_cast<std::uint32_t>(tile) * kTileTokens + c.lane() / 4;
    const float* const x = task.x + std::uint64_t{token} * task.x_stride;
    MK_UNROLL
    for (std::uint32_t b = 0; b < kBlocks; ++b) {
      const std::uint32_t i = begin + b * kBlockColumns;
      columns[tile][b] = {};
      if (token < tokens && i < end) load_token_columns<SiluInput>(c, x, i, columns[tile][b]);
    }
  }
  if (task.input == LinearInput::kNorm) {
    MK_UNROLL
    for (std::uint32_t b = 0; b < kBlocks; ++b) {
      const std::uint32_t i = begin + b * kBlockColumns;
      if (i < end) norm[b] = load_as<Words4>(task.norm + i);
    }
  }
  meanwhile();
  MK_UNROLL
  for (int tile = 0; tile < Tiles; ++tile) {
    MK_UNROLL
    for (std::uint32_t b = 0; b < kBlocks; ++b) {
      if (task.input == LinearInput::kNorm) {
        squares[tile] += apply_norm(norm[b], columns[tile][b]);
      }
      columns[tile][b].split();
    }
  }
}

// sums[tile] = this lane's two outputs of the tile, over the chunk's columns. `read()` is called
// once all lanes have the chunk in registers: its stage may be filled again.
template <class Plan, int Tiles, class C, class Read>
MK_INLINE void multiply_batch_chunk(C& c, const unsigned char* chunk, const Plan& plan,
                                    std::uint32_t width,
                                    const TokenColumns (&columns)[Tiles][Plan::kMostBlocks],
                                    float (&sums)[Tiles][2], Read&& read) {
  constexpr auto kBlocks = Plan::kMostBlocks;
  const unsigned char* const row = chunk + c.lane() / 4 * plan.stride + c.lane() % 4 * 16;
  Words4 weights[kBlocks];
  MK_UNROLL
  for (std::uint32_t b = 0; b < kBlocks; ++b) {
    weights[b] = b * kBlockColumns + c.lane() % 4 * 8 < width
                     ? load_as<Words4>(row + std::uint64_t{b} * 2 * kBlockColumns)
                     : Words4{};
  }
  c.warp_sync();
  read();
  float total[Tiles][2][4] = {};
  MK_UNROLL
  for (std::uint32_t b = 0; b < kBlocks; ++b) {
    if (b * kBlockColumns >= width) break;
    const std::uint32_t(&w)[4] = weights[b].at;
    MK_UNROLL
    for (int tile = 0; tile < Tiles; ++tile) {
      const std::uint32_t(&x)[8] = columns[tile][b].at;
      c.mma(total[tile][0], {x[0], x[1], x[2], x[3]}, {w[0], w[1]});
      c.mma(total[tile][1], {x[4], x[5], x[6], x[7]}, {w[2], w[3]});
    }
  }
  MK_UNROLL
  for (int tile = 0; tile < Tiles; ++tile) {
    MK_UNROLL
    for (int k = 0; k < 2; ++k) {
      sums[tile][k] =
          (total[tile][0][k] + total[tile][1][k]) + (total[tile][0][k + 2] + total[tile][1][k + 2]);
    }
  }
}

// The body: what its parts share. SiluInput: of a task whose input is kSilu.
template <class Shape, int Tiles, bool SiluInput, class C>
class BatchLinear {
 public:
  using Plan = BatchPlan<Shape, Tiles>;

  MK_INLINE BatchLinear(C& c, WarpStream& stream, const LinearTask& task, std::uint32_t tokens)
      : c_(c),
        stream_(stream),
        task_(task),
        tokens_(tokens),
        plan_(task, c.warp(), c.work_bytes()),
        next_(cursor_of(stream, plan_)) {}

  // What one panel's columns are is kept from stretch to stretch. All stands here once: a second
  // copy, with the gating in both, made linears a tenth slower; instructions are fetched cold.
  MK_INLINE void run() {
    TokenColumns columns[Tiles][Plan::kMostBlocks] = {};
    std::uint32_t parity = 0;
    c_.await_input();
    for (std::uint32_t first = 0; first < plan_.groups; first = plan_.end_of_stretch(first)) {
      const float residual = first_residual(first);
      float squares[Tiles] = {};
      for (std::uint32_t panel = 0; panel < plan_.panels; ++panel) {
        if (first == 0 || plan_.panels > 1) {
          load_panel<Plan, SiluInput>(c_, task_, plan_, panel, tokens_, columns, squares,
                                      [&] { fill(); });
        }
        stream_groups(first, panel, parity, columns);
      }
      if (first == 0 && task_.input == LinearInput::kNorm) leave_squares(squares);
      finish_stretch(first, parity, residual);
      parity ^= 1U;
    }
  }

 private:
  static constexpr std::uint32_t kGroupSums = Tiles * kTileSums;  // of a warp

  MK_INLINE void fill() {
    fill_batch_ring<Shape>(c_, stream_, task_, plan_, next_, Shape::kStages);
  }
  MK_INLINE float* squares() const { return work_of<float, Shape>(c_); }
  // A group's parts in turn: those of warp 0, of warp 1, ...
  MK_INLINE float* parts(std::uint32_t parity, std::uint32_t group_of_stretch) const {
    return squares() + Shape::kWarps * Tiles * kTileTokens +
           (parity * plan_.stretch + group_of_stretch) * Shape::kWarps * kGroupSums;
  }

  MK_INLINE void stream_groups(std::uint32_t first, std::uint32_t panel, std::uint32_t parity,
                               const TokenColumns (&columns)[Tiles][Plan::kMostBlocks]) {
    SharedMemory<Shape>& shared = shared_of<Shape>(c_);
    const std::uint32_t end = plan_.end_of_stretch(first);
    const std::uint32_t width = plan_.columns_of(panel);
    for (std::uint32_t group = first; group < end; ++group) {
      const std::uint32_t stage = stream_.used % Shape::kStages;
      c_.wait(&shared.full[c_.warp()][stage], stream_.used / Shape::kStages & 1U);
      float sums[Tiles][2];
      multiply_batch_chunk<Plan>(c_, shared.ring[c_.warp()][stage], plan_, width, columns, sums,
                                 [&] {
                                   ++stream_.used;
                                   fill();
                                 });
      float* const part = parts(parity, group - first) + c_.warp() * kGroupSums + 2 * c_.lane();
      MK_UNROLL
      for (int tile = 0; tile < Tiles; ++tile) {
        MK_UNROLL
        for (int k = 0; k < 2; ++k) {
          float& sum = part[static_cast<std::uint32_t>(tile) * kTileSums + k];
          sum = panel == 0 ? sums[tile][k] : sum + sums[tile][k];
        }
      }
    }
  }

  MK_INLINE void leave_squares(const float (&of_lane)[Tiles]) {
    MK_UNROLL
    for (int tile = 0; tile < Tiles; ++tile) {
      const float sum = c_.sum(of_lane[tile], 4);
      if (c_.lane() % 4 != 0) continue;
      squares()[(c_.warp() * Tiles + static_cast<std::uint32_t>(tile)) * kTileTokens +
                c_.lane() / 4] = sum;
    }
  }

  // Output number `o` of a stretch: its group, tile, token and row in turn.
  struct Output {
    std::uint32_t part;  // behind a warp's part of the group's sums
    std::uint32_t group;
    std::uint32_t token;
    std::uint32_t row;
  };
  MK_INLINE static Output output(std::uint32_t first, std::uint32_t o) {
    const std::uint32_t part = o % kGroupSums;
    const std::uint32_t group = o / kGroupSums;
    return {part, group, part / kGroupRows, (first + group) * kGroupRows + part % kGroupRows};
  }
  MK_INLINE bool is_live(const Output& at) const {
    return at.token < tokens_ && at.row < task_.rows;
  }
  MK_INLINE float residual_of(const Output& at) const {
    if (task_.residual == nullptr || !is_live(at)) return 0;
    return task_.residual[std::uint64_t{at.token} * task_.y_stride + at.row];
  }

  MK_INLINE std::uint32_t outputs_of(std::uint32_t first) const {
    return (plan_.end_of_stretch(first) - first) * kGroupSums;
  }
  // That of this thread's first output. Asked for before the stretch: behind it everybody would
  // wait for it.
  MK_INLINE float first_residual(std::uint32_t first) const {
    return c_.thread() < outputs_of(first) ? residual_of(output(first, c_.thread())) : 0.0F;
  }

  // Adds the warps' parts up; of a gated task neighbours (threads 2 k and 2 k + 1) have a pair of
  // rows, since all lanes of a warp have outputs or none has. Two stretches' parts lie side by
  // side, so one barrier is enough: who overwrites them has met the others behind the next stretch.
  MK_INLINE void finish_stretch(std::uint32_t first, std::uint32_t parity, float residual) {
    const std::uint32_t outputs = outputs_of(first);
    std::uint32_t o = c_.thread();
    c_.sync();
    while (o < outputs) {
      const Output at = output(first, o);
      const float* const part = parts(parity, at.group) + at.part;
      float sum = 0;
      MK_UNROLL
      for (std::uint32_t w = 0; w < Shape::kWarps; ++w) {
        sum += w < plan_.warps ? part[w * kGroupSums] : 0.0F;
      }
      if (task_.input == LinearInput::kNorm) sum *= scale_of(at.token);
      if (task_.gated != 0) {
        const float up = c_.shuffle_xor(sum, 1);
        if (is_live(at) && at.row % 2 == 0) {
          task_.y[std::uint64_t{at.token} * task_.y_stride + at.row / 2] = silu(c_, sum) * up;
        }
      } else if (is_live(at)) {
        task_.y[std::uint64_t{at.token} * task_.y_stride + at.row] = sum + residual;
      }
      o += c_.threads();
      if (o < outputs) residual = residual_of(output(first, o));
    }
  }

  // 1 / sqrt(mean(x^2) + epsilon) of a token.
  MK_INLINE float scale_of(std::uint32_t token) const {
    float sum = 0;
    MK_UNROLL
    for (std::uint32_t w = 0; w < Shape::kWarps; ++w) {
      sum += w < plan_.warps ? squares()[w * Tiles * kTileTokens + token] : 0.0F;
    }
    return c_.rsqrt(c_.divide(sum, static_cast<float>(task_.in)) + task_.epsilon);
  }

  C& c_;
  WarpStream& stream_;
  const LinearTask& task_;
  std::uint32_t tokens_;
  Plan plan_;
  BatchCursor next_;
};

template <class Shape, int Tiles, bool SiluInput>
struct RunBatchLinear {
  template <class C>
  MK_HD static void run(C& c, WarpStream* stream, const LinearTask* task, std::uint32_t tokens) {
    WarpStream own = *stream;
    BatchLinear<Shape, Tiles, SiluInput, C>(c, own, *task, tokens).run();
    *stream = own;
  }
};

template <class Shape, int Tiles, class C>
MK_INLINE void run_batch_tiles(C& c, WarpStream& stream, const LinearTask& task,
                               std::uint32_t tokens) {
  if (task.input == LinearInput::kSilu) {
    return apart<RunBatchLinear<Shape, Tiles, true>>(c, &stream, &task, tokens);
  }
  return apart<RunBatchLinear<Shape, Tiles, false>>(c, &stream, &task, tokens);
}

// Requires: in % 8 == 0, 1 <= tokens <= 8 * task.token_tiles <= kMaxTokens, work area of at least
// batch_work_bytes().
template <class Shape, class C>
MK_HD void run_batch_linear(C& c, WarpStream& stream, const LinearTask& task,
                            std::uint32_t tokens) {
  if (task.token_tiles == 1) return run_batch_tiles<Shape, 1>(c, stream, task, tokens);
  return run_batch_tiles<Shape, 2>(c, stream, task, tokens);
}

}  // namespace mk::cuda
