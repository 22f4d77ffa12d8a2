// What the engine of the megakernel policies keeps of workers, events and schedulers. Instants are
// picoseconds since the activation of the first `begin`.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "core/policy.h"
#include "core/units.h"
#include "simulator/costs.h"

namespace mk::simulator {

inline constexpr Picoseconds kUnknown = std::numeric_limits<Picoseconds>::max();

enum class Stage : std::uint8_t {
  kIdle,        // has no next task that is known, or looks for one at its timer (hybrid)
  kWaiting,     // holds a task whose event is not active, and is committed to it
  kToPreload,   // as kWaiting, or with its start known; the timer is the start of the preload
  kStartUp,     // the timer is the first byte of the body's next tile
  kStreaming,   // in the memory server
  kDispatching  // with 0 schedulers: the timer is when it begins a dispatcher's step
};

// Of the AOT head's weights.
enum class Preload : std::uint8_t { kNone, kPlanned, kRunning, kDone };

// Members that are used together lie together: a line of the cache for the choice of the next task,
// one for the body, one for what is loaded ahead.
struct alignas(64) WorkerState {
  Stage stage = Stage::kIdle;
  Preload preload = Preload::kNone;
  bool registered = false;     // stands in the waiters' list of its AOT head's event
  bool streams_ahead = false;  // the running body streams through the preload's stream
  bool start_known = false;    // in stage kToPreload
  std::uint32_t aot_next = 0;  // into list_tasks
  std::uint32_t aot_end = 0;
  std::uint32_t aot_batch = 0;  // fetched, not begun
  std::uint32_t jit_head = kNoIndex;
  std::uint32_t jit_tail = kNoIndex;
  std::uint32_t jit_batch = 0;
  std::uint32_t jit_depth = 0;
  std::uint32_t task = kNoIndex;
  std::uint32_t tiles_left = 0;
  Picoseconds free_at = 0;  // its last notification, or dispatcher's step, is done
  Picoseconds in_hand = 0;  // the head's descriptor is there; hybrid: when it looked last

  Picoseconds aot_fetched = 0;
  Picoseconds jit_fetched = 0;
  Picoseconds start = 0;
  const BodyCost* cost = nullptr;  // of the running body
  Picoseconds compute_end = 0;
  Picoseconds busy = 0;  // sum of its bodies' durations
  double sm_factor = 1;
  double factor = 1;  // of the running body: noise x SM

  Picoseconds last_byte = 0;  // of the body before
  Picoseconds body_end = 0;   // of the body before
  Picoseconds preload_at = 0;
  std::int64_t preloaded = 0;  // bytes of the running body's next tile that were requested ahead
  std::int64_t ahead = 0;      // bytes of the AOT head's that were
  std::int64_t early = 0;      // that the pages of the body before leave room for before its end
  Picoseconds fetched = 0;     // of the running task, for the record
  Picoseconds preload_record = kUnknown;  // of the running body, for the record

  Picoseconds first_data = 0;     // of the running body, for the record
  Picoseconds jit_seen = 0;       // of the last fetch: what was enqueued by then is in its batch
  Picoseconds jit_published = 0;  // of the last task in its queue
  Picoseconds jit_taken = 0;      // when it takes the task that left its queue last
  std::uint32_t jit_room = 0;     // that the last fetch left in its batch
  std::uint32_t dispatching = kNoIndex;  // the event whose dispatcher's step it does next
  std::uint32_t next_waiter = kNoIndex;  // of the same event
};

// Hints that this will be used soon: the columns of a million tasks do not fit into the caches.
inline void will_use(const void* address) { __builtin_prefetch(address); }

// Before any instant.
inline constexpr Picoseconds kLongAgo = -(Picoseconds{1} << 60);

struct EventState {
  Picoseconds activated = kUnknown;
  Picoseconds last_arrival = kLongAgo;
  std::uint32_t missing = 0;
  std::uint32_t waiters = kNoIndex;  // first worker
};

// Events on their way to schedulers, by their publication.
class PendingEvents {
 public:
  struct Entry {
    Picoseconds published = 0;
    std::uint32_t event = 0;
    std::uint32_t scheduler = kNoIndex;  // none: all that have to do for the event
  };

  bool empty() const { return head_ == entries_.size(); }
  std::size_t size() const { return entries_.size() - head_; }
  const Entry& front() const { return entries_[head_]; }
  // Of the first, kUnknown iff there is none.
  Picoseconds next() const { return empty() ? kUnknown : front().published; }

  // Whether it comes before all others.
  bool push(Entry entry) {
    entries_.push_back(entry);
    std::size_t i = entries_.size() - 1;
    for (; i > head_ && entries_[i - 1].published > entry.published; --i) {
      entries_[i] = entries_[i - 1];
      entries_[i - 1] = entry;
    }
    return i == head_;
  }

  Entry pop() {
    const Entry entry = entries_[head_++];
    if (head_ == entries_.size()) {
      entries_.clear();
      head_ = 0;
    }
    return entry;
  }

 private:
  std::vector<Entry> entries_{};
  std::size_t head_ = 0;
};

// What a dispatcher has stored in its step, in the order of the stores.
struct Stored {
  std::uint32_t task = 0;
  std::uint32_t worker = 0;
  std::uint32_t before = kNoIndex;  // of the same worker, also not released yet
  Picoseconds visible = 0;
};

struct SchedulerState {
  PendingEvents pending{};
  Picoseconds free_at = 0;
};

}  // namespace mk::simulator
