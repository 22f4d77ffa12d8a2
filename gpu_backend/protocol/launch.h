// Launch: everything that the threads of one run share. Pointers to tables that whoever starts the
// run owns and that outlive it; trivially copyable, so that a kernel can get it as its parameter.
//
// Invariants while a run is going on:
//   (1) Counters only grow: event e is active in iteration i iff its counter has reached
//       trigger_count * (i + 1) (compared modulo 2^32). Nothing is reset inside a run.
//   (2) At most one iteration is in flight: `begin` of iteration i + 1 is notified after `end` of
//       iteration i was activated. So a queue needs room for one iteration's items only.
//   (3) A worker's rings have one producer, its scheduler, which uses the RingProducers of that
//       worker; with 0 schedulers every worker pushes (push_shared). Scheduler rings have many.
//   (4) `halt` goes from kRunning to kDone or kAborted once, and with kAborted `failure` says why.
#pragma once

#include <cstdint>

#include "core/policy_rules.h"
#include "gpu_backend/protocol/ring.h"

namespace mk::protocol {

// What the protocol needs of a task; 16 bytes, one load.
struct alignas(16) TaskWord {
  std::uint32_t dependent_event = 0;
  std::uint32_t dependent_count = 0;  // its trigger_count
  std::uint32_t triggering_event = 0;
  std::uint32_t triggering_count = 0;
};

struct alignas(16) EventWord {
  std::uint32_t first_task = 0;
  std::uint32_t end_task = 0;
  std::uint32_t trigger_count = 0;
  std::uint8_t is_end = 0;
  std::uint8_t launches_jit = 0;  // at least one task of its range is launched JIT
  std::uint8_t all_jit = 0;       // all of them are
};

enum class Halt : std::uint32_t { kRunning, kDone, kAborted };

enum class FailureCode : std::uint8_t {
  kNone,
  kAotQueueFull,    // index: worker
  kJitQueueFull,    // index: worker
  kEventQueueFull,  // index: scheduler
  kStuck,           // index: lane of who noticed
  kStopped,         // whoever started the run asked for its end
};

// The status word: code in the top byte, index below.
MK_HD constexpr std::uint64_t failure_word(FailureCode code, std::uint32_t index) {
  return static_cast<std::uint64_t>(code) << 56 | index;
}
constexpr FailureCode code_of(std::uint64_t failure) {
  return static_cast<FailureCode>(failure >> 56);
}
constexpr std::uint32_t index_of(std::uint64_t failure) {
  return static_cast<std::uint32_t>(failure);
}

// What a lane does, for the report of a stuck run and for the test whether anything still moves.
enum class Activity : std::uint8_t {
  kStarting,
  kExecuting,    // id: task
  kWaiting,      // id: task whose dependent event is not active
  kIdle,         // id: last task or event it had; its queues are empty
  kDispatching,  // id: event
  kPreparing,    // prepare-next-batch
  kMeeting,      // waits for the other devices to end the iteration
};
struct Where {
  Activity activity = Activity::kStarting;
  std::uint32_t iteration = 0;
  std::uint32_t id = 0;
};
MK_HD constexpr std::uint64_t where_word(Where where) {
  return static_cast<std::uint64_t>(where.activity) << 56 |
         static_cast<std::uint64_t>(where.iteration) << 32 | where.id;
}
constexpr Where where_of(std::uint64_t word) {
  return {static_cast<Activity>(word >> 56), static_cast<std::uint32_t>(word >> 32) & 0xffffffU,
          static_cast<std::uint32_t>(word)};
}

// One lane's word, alone on its cache lines: it is written once a task.
template <class M>
struct alignas(128) WhereCell {
  typename M::template atom<std::uint64_t> word{};
};

template <class M>
struct alignas(128) Control {
  typename M::template atom<std::uint32_t> halt{};
  // Iterations whose end the last arriver at `end` has noted: what it did after its arrival.
  typename M::template atom<std::uint32_t> ended{};
  typename M::template atom<std::uint64_t> failure{};
};

// What a dispatcher keeps from event to event. Used by one thread at a time.
struct alignas(128) DispatcherCell {
  DispatcherState state{};
};

template <class M>
struct Launch {
  using Counter = typename M::template atom<std::uint32_t>;

  Policy policy{};
  Roles roles{};
  const TaskWord* tasks = nullptr;
  const EventWord* events = nullptr;
  std::uint32_t end_event = 0;
  std::uint32_t end_count = 0;                 // notifications of `end` on this device
  const std::uint8_t* jit_launched = nullptr;  // a task: is it launched JIT?
  const std::uint32_t* list_first = nullptr;   // PlacementTables
  const std::uint32_t* list_tasks = nullptr;
  const std::uint32_t* phase_step = nullptr;

  Counter* counters = nullptr;               // an event
  const Ring<M>* aot_rings = nullptr;        // a worker; null where the policy has none
  const Ring<M>* jit_rings = nullptr;        // a worker; null where the policy has none
  const Ring<M>* event_rings = nullptr;      // a scheduler
  RingProducer<M>* aot_producers = nullptr;  // a worker
  RingProducer<M>* jit_producers = nullptr;  // a worker
  DispatcherCell* dispatchers = nullptr;     // a dispatcher
  std::uint32_t* depths = nullptr;           // dispatchers x workers, scratch for kShortestQueue
  Control<M>* control = nullptr;
  WhereCell<M>* where = nullptr;  // a lane: workers, then schedulers

  std::uint64_t deadline_ns = 0;      // a wait this long in which nothing moved ends the run
  std::uint32_t spin_turns = 0;       // turns of a wait before the core is given away
  std::uint64_t notify_delay_ns = 0;  // injected before each notification
  // Not 0 as soon as whoever started the run wants it to end; read only where the policy M has
  // stop_requested(), rarely, by lane 0. May be null.
  const std::uint32_t* stop_request = nullptr;

  MK_HD std::uint32_t lanes() const { return roles.workers + roles.schedulers; }
};

// Has `count` reached `trigger_count` notifications in each of iterations 0 .. iteration?
MK_HD constexpr bool is_reached(std::uint32_t count, std::uint32_t trigger_count,
                                std::uint32_t iteration) {
  return static_cast<std::int32_t>(count - trigger_count * (iteration + 1)) >= 0;
}

// Stops the run for `failure`; the first reason stays.
template <class M>
MK_APART void abort_run(Control<M>& control, std::uint64_t failure) {
  M::exchange_if(control.failure, std::uint64_t{0}, failure);
  M::store_release(control.halt, static_cast<std::uint32_t>(Halt::kAborted));
}

}  // namespace mk::protocol
