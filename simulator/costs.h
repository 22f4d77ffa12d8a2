// What bodies and hops cost: machine numbers turned into picoseconds once, and one draw a task.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/iteration_state.h"
#include "core/machine.h"
#include "core/policy_rules.h"
#include "core/random.h"
#include "core/row_deal.h"
#include "core/task_graph.h"
#include "simulator/mechanisms.h"

namespace mk::simulator {

using Picoseconds = std::int64_t;

Picoseconds to_picoseconds(double us);

inline Picoseconds scaled(Picoseconds duration, double factor) {
  return static_cast<Picoseconds>(static_cast<double>(duration) * factor + 0.5);
}

// The first poll at or after `instant` of somebody who polls every `period` from `origin` on.
inline Picoseconds poll_after(Picoseconds origin, Picoseconds instant, Picoseconds period) {
  if (instant <= origin) return origin;
  if (period <= 0) return instant;
  return origin + (instant - origin + period - 1) / period * period;
}

// Log-normal tables, one a distinct spread.
class Spreads {
 public:
  explicit Spreads(bool noise) : noise_(noise) {}
  std::uint32_t index_of(double spread);
  double factor(std::uint32_t index, std::uint64_t bits) const {
    return tables_[index].factor(bits);
  }
  // Of all draws.
  double least(std::uint32_t index) const { return tables_[index].factor(0); }

 private:
  bool noise_;
  std::vector<double> spread_{};
  std::vector<LogNormal> tables_{};
};

// A hop: its typical duration and where its spread lies.
struct Hop {
  double typical = 0;  // ps
  std::uint32_t spread = 0;

  Picoseconds draw(const Spreads& spreads, std::uint64_t bits) const {
    return static_cast<Picoseconds>(typical * spreads.factor(spread, bits) + 0.5);
  }
  Picoseconds least(const Spreads& spreads) const { return draw(spreads, 0); }
};

// The bits of one 64-bit word that each draw of a task, or of an event's step, takes.
inline constexpr unsigned kBodyBits = 0;
inline constexpr unsigned kNotifyBits = 10;
inline constexpr unsigned kObserveBits = 20;
inline constexpr unsigned kDispatchBits = 30;
inline constexpr unsigned kFetchBits = 40;
inline constexpr unsigned kEnqueueBits = 50;
inline constexpr unsigned kActivateBits = 0;
inline constexpr unsigned kDequeueBits = 10;
inline constexpr unsigned kBoundaryBits = 20;
inline constexpr unsigned kBeginBits = 30;
inline constexpr unsigned kPutBits = 40;

enum RandomUse : std::uint32_t { kTaskDraws, kEventDraws, kSmDraws };

struct BodyCost;

// The hops of the megakernel protocol under the switches of `mechanisms`.
struct Hops {
  Hops(const Machine& machine, const Mechanisms& mechanisms, Spreads& spreads);

  // A hop that ends at the L2, whose typical duration is the mean of both distances. A counter lies
  // in one partition, by its number; every other worker is near to it.
  Picoseconds reach(Picoseconds hop, std::uint32_t worker, std::uint32_t event) const {
    const bool is_far = ((worker ^ mix_bits(event)) & 1) != 0;
    return std::max<Picoseconds>(0, hop + (is_far ? l2_swing : -l2_swing));
  }

  Hop notify{}, peer_notify{}, put{}, observe{}, dispatch{}, fetch{}, activate{}, dequeue{},
      enqueue{}, enqueue_aot{}, enqueue_aot_alone{}, boundary{};
  // A store of `begin`: by a scheduler's lane, or by the worker that has no schedulers.
  const Hop& store_at_begin(std::uint32_t schedulers) const {
    return schedulers > 0 ? enqueue_aot : enqueue_aot_alone;
  }

  // Whether a worker does what `dispatch` stands for beside a body, which is not over before that,
  // and not in front of it.
  bool keeps_books_beside(PolicyKind policy) const {
    return books_beside && policy == PolicyKind::kStatic;
  }

  // Descriptors of tasks placed ahead that a worker fetches at once.
  std::uint32_t ahead_batch(PolicyKind policy) const {
    return policy == PolicyKind::kStatic ? static_batch : fetch_batch;
  }

  // What an arrival takes longer if its worker, a static list's, has asked for weights of `next`.
  Picoseconds behind_requests_for(const BodyCost& next) const;

  bool books_beside = false;        // of a static list's worker
  Picoseconds behind_requests = 0;  // until an SM has what is under way for its next task
  Hop broadcast{};                  // a push of an event for all schedulers to one of them
  Picoseconds look = 0;             // before that, whether or not the scheduler has to do
  bool one_broadcast = true;        // or one publication, an `activate`, reaches all
  Picoseconds publish = 0;          // a release of up to publish_batch items; 0: each store is one
  std::uint32_t lanes = 1;          // workers for which a scheduler stores side by side
  std::uint32_t publish_batch = 1;
  Hop peer_activate{};
  Picoseconds contention = 0;
  Picoseconds poll_period = 0;       // of a worker that waits for one flag; 0: sees it at once
  Picoseconds look_period = 0;       // of a worker that looks at its JIT queue and its AOT head
  Picoseconds scheduler_period = 0;  // of an idle scheduler
  std::uint32_t fetch_batch = 1;
  std::uint32_t static_batch = 1;
  Picoseconds l2_swing =
      0;  // half of what the far partition of the L2 takes longer than the near one
  double per_request = 0, per_page = 0, per_token = 0;  // ps
};

// Where a body's bytes come from, or go to.
enum class Route : std::uint8_t { kMemory, kL2, kLink };

// A body of one class and kind, in one iteration. Its bytes come in tiles, each start-up, stream,
// epilogue; all but the last have `tile_bytes`. Where rows are dealt to warps, the rounds that keep
// all of them busy are one tile, and the last round is another one, which follows at once.
struct BodyCost {
  std::int64_t bytes = 0;       // streamed, all tiles together
  std::int64_t tile_bytes = 0;  // of each tile but the last
  Picoseconds start_up = 0;     // once a tile
  Picoseconds between = 0;      // epilogue of a tile that another one follows
  Picoseconds next = 0;         // from its work's end to the next one's first byte
  Picoseconds tail = 0;         // after the last byte: epilogue, fixed, activations
  Picoseconds compute = 0;      // the arithmetic of a tile, beside its stream
  Picoseconds input = 0;  // from its first byte on, at least until the first tile is worked off
  std::int64_t flops = 0;
  std::int64_t kv_bytes = 0;       // part of `bytes`
  std::int64_t preload = 0;        // that may be requested before the event: of the first tile
  std::int64_t ahead = 0;          // of the next tile, that may be loaded while one is worked on
  std::int64_t early = 0;          // that its pages let the next task load before its end
  Picoseconds hold = 0;            // where that is in_ring, its body streams no more of it so long
  Picoseconds work_off = 0;        // and takes no less than that for its first tile
  double ahead_slowness = 1;       // of what begins_ahead: few chunks are under way
  double last_slowness = 1;        // of the last tile's stream: all warps over those that have rows
  std::uint32_t tiles = 1;         // 0 streamed bytes: 1
  std::uint32_t stream_class = 0;  // of its route
  std::uint32_t spread = 0;
  Route route = Route::kMemory;
  bool in_ring = false;       // what is loaded ahead lies in the warps' rings
  bool begins_ahead = false;  // and comes, under static, while the worker still notifies

  // Of the tile that `behind` more tiles follow.
  std::int64_t bytes_of_tile(std::uint32_t behind) const {
    return behind > 0 ? tile_bytes : bytes - (tiles - 1) * tile_bytes;
  }
  double slowness_of_tile(std::uint32_t behind) const { return behind > 0 ? 1 : last_slowness; }
  // Of what is loaded ahead of the event.
  double slowness_of_preload(bool is_static) const {
    const double of_tile = slowness_of_tile(tiles - 1);
    return is_static ? std::max(of_tile, ahead_slowness) : of_tile;
  }
};

inline Picoseconds Hops::behind_requests_for(const BodyCost& next) const {
  return next.begins_ahead && next.preload > 0 ? behind_requests : 0;
}

// The rows of BodyCost of a graph, the row of each task, and the stream classes.
class Costs {
 public:
  // Requires: `machine` is valid.
  Costs(const TaskGraph& graph, const Machine& machine, const Mechanisms& mechanisms,
        Spreads& spreads);

  // Evaluates the rows for an iteration; `is_again`: the one before it streamed the same weights.
  void evaluate(const IterationState& state, bool is_again);

  // Whether all that the devices stream in such an iteration stays in their L2s until the next.
  bool fits_l2(const IterationState& state) const;

  const BodyCost& of(std::uint32_t task) const { return rows_[row_of_[task]]; }
  const std::vector<BodyCost>& rows() const { return rows_; }
  const std::vector<std::uint32_t>& row_of() const { return row_of_; }

  // GB/s that a stream of each class takes at most, from memory (or over the link) and from L2.
  const std::vector<double>& limits() const { return limits_; }
  const std::vector<double>& l2_limits() const { return l2_limits_; }

  // GB/s that a worker running the body takes in from the L2 at most.
  double l2_limit(const BodyNumbers& body) const { return l2_limit(body, body.port_limit.value); }

 private:
  struct Key {
    std::uint32_t task_class;
    TaskKind kind;
    std::int64_t row_bytes;  // of weights, where rows are dealt to warps; else 0
    bool gated;              // they are dealt in pairs
    friend bool operator==(const Key&, const Key&) = default;
  };
  // Of a row, among the limits of its route.
  struct StreamClasses {
    std::uint32_t memory = 0;
    std::uint32_t l2 = 0;
  };
  bool has_dealt_rows(TaskKind kind) const {
    return warp_rounds_ && machine_.body(kind).warps.value > 0;
  }
  Key key_of(std::uint32_t task) const;
  std::uint32_t row_with(const Key& key, std::uint32_t first);
  RowDeal deal_of(const Key& key, std::int64_t rows) const;
  double port_limit(const Key& key) const;
  double l2_limit(const BodyNumbers& body, double port) const;
  void classify(Spreads& spreads);
  BodyCost evaluate(const Key& key, const IterationState& state) const;
  void deal_rows(BodyCost& cost, const Key& key) const;
  void overlap_input(BodyCost& cost, const Key& key) const;
  Picoseconds work_off_of(const BodyCost& cost, const Key& key) const;
  void load_into_ring(BodyCost& cost, const Key& key) const;
  void take_from_l2(BodyCost& cost, std::size_t row) const;
  void limit_loads_ahead(BodyCost& cost, const TaskClass& amounts) const;

  const TaskGraph& graph_;
  const Machine& machine_;
  std::vector<Key> keys_{};
  std::vector<BodyCost> rows_{};
  std::vector<std::uint32_t> row_of_{};
  std::vector<std::uint32_t> tasks_of_row_{};
  std::vector<double> limits_{};
  std::vector<double> l2_limits_{};
  std::vector<StreamClasses> classes_{};  // of each row
  std::vector<std::uint32_t> spread_of_kind_{};
  bool links_;
  bool warp_rounds_;
  bool ring_preload_;
  bool input_overlap_;
  bool begin_ahead_;
  bool few_under_way_;
  bool row_rates_;
  double l2_capacity_ = 0;       // bytes, of all devices; 0: nothing is looked for there
  double l2_latency_ = 0;        // us
  std::int64_t page_bytes_ = 0;  // of a worker's page, and
  std::int64_t pages_ = 0;       // how many it has; 0: nothing is preloaded
};

// KV pages that an iteration's new tokens make necessary; 0 iff the KV cache is contiguous.
std::int64_t new_pages(const TaskGraph& graph, const IterationState& state);

// How many times as long as on a typical one a body lasts on each worker's SM: the machine's
// factors (worker i has SM i mod `per_device`) or a draw. Never 0.
std::vector<double> sm_factors(const Machine& machine, std::uint32_t workers,
                               std::uint32_t per_device, std::uint64_t seed, bool sm_spread);

}  // namespace mk::simulator
