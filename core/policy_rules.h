// The rules of a policy: the values that a launch is described by, and the functions by which
// workers and dispatchers act. What policy.h says of them all, in what every thread of a run needs
// and a kernel compiles: plain values, no clock, no memory but what is passed in.
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace mk {

enum class PolicyKind : std::uint8_t { kHybrid, kAot, kJit, kStatic, kStream, kGraph, kPdl };

// Which worker an AOT-launched or static task goes to.
enum class Placement : std::uint8_t {
  kRoundRobin,  // task i of the AOT order -> worker i mod W; the phase drifts on from iteration to
                // iteration (open MPK)
  kSwizzle,  // as round robin, but the order of workers turns round at the end of each row: 0 1 2 3
             // 3 2 1 0
  kLongestFirst,    // within each event's launch range the longest task first, to the least loaded
                    // worker (LPT)
  kEarliestFinish,  // list scheduling of the whole graph: to the worker on which it finishes first
                    // (EFT)
  kLocality,        // the worker that ran the most producers of the task, if not overloaded
};

// Which worker of its range a dispatcher gives a JIT-launched task to.
enum class JitPlacement : std::uint8_t {
  kInTurn,         // round robin, from event to event (MPK)
  kShortestQueue,  // the shortest JIT queue; ties in turn
};

struct Policy {
  PolicyKind kind = PolicyKind::kHybrid;
  Placement placement = Placement::kRoundRobin;
  JitPlacement jit_placement = JitPlacement::kInTurn;
  bool blocking_fifo =
      false;  // kHybrid: the open code's worker, which blocks on the head of its AOT queue
  friend bool operator==(const Policy&, const Policy&) = default;
};

// An event whose range holds this many tasks goes to all schedulers (MPK's LAUNCH_MASSIVE_TASKS).
inline constexpr std::uint32_t kMassiveLaunch = 8;

// Roles of a launch on one device. Invariant: workers >= 1.
struct Roles {
  std::uint32_t workers = 1;
  std::uint32_t schedulers = 1;  // 0: the last arriver does the scheduler's step

  // Entities that do scheduler steps, each with a DispatcherState: the schedulers, or each worker.
  MK_HD constexpr std::uint32_t dispatchers() const {
    return schedulers == 0 ? workers : schedulers;
  }
  friend bool operator==(const Roles&, const Roles&) = default;
};

struct WorkerRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  MK_HD constexpr std::uint32_t size() const { return end - begin; }
  friend bool operator==(const WorkerRange&, const WorkerRange&) = default;
};

// The workers that dispatcher d feeds: contiguous, even shares for schedulers (empty for some where
// there are more schedulers than workers); all workers when there are no schedulers.
MK_HD constexpr WorkerRange workers_of(const Roles& roles, std::uint32_t dispatcher) {
  if (roles.schedulers == 0) return {0, roles.workers};
  const std::uint64_t workers = roles.workers;
  return {static_cast<std::uint32_t>(dispatcher * workers / roles.schedulers),
          static_cast<std::uint32_t>((dispatcher + 1) * workers / roles.schedulers)};
}

// Schedulers that own at least one worker. Requires: schedulers >= 1.
MK_HD constexpr std::uint32_t active_schedulers(const Roles& roles) {
  return roles.schedulers < roles.workers ? roles.schedulers : roles.workers;
}

// The k-th scheduler that owns a worker. Requires: k < active_schedulers(roles).
MK_HD constexpr std::uint32_t active_scheduler(const Roles& roles, std::uint32_t k) {
  if (roles.schedulers <= roles.workers) return k;
  const std::uint64_t schedulers = roles.schedulers;
  return static_cast<std::uint32_t>(((k + 1) * schedulers - 1) / roles.workers);
}

// The scheduler that serves the event: in turn those that own workers. Requires: schedulers >= 1.
MK_HD constexpr std::uint32_t scheduler_of(const Roles& roles, std::uint32_t event) {
  return active_scheduler(roles, event % active_schedulers(roles));
}

// Does the activation of an event with a range of `launched` tasks (whatever their labels) go to
// every scheduler? That of `begin` always does; its share is shared out by the same rule.
MK_HD constexpr bool is_broadcast(const Roles& roles, std::uint32_t launched) {
  return roles.schedulers > 1 && launched >= kMassiveLaunch;
}

struct TaskRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(const TaskRange&, const TaskRange&) = default;
};

// The part of the event's range [first, end) whose JIT-launched tasks dispatcher d places; the
// caller passes over tasks that are launched AOT. Over all dispatchers the parts cover the range
// exactly once (with 0 schedulers only the last arriver calls this, and gets all of it). Broadcast
// slices turn with the event, so that short ranges do not always meet the same schedulers.
//
// `own` is workers_of(roles, dispatcher), for callers that keep it.
MK_HD constexpr TaskRange share_of(const Roles& roles, std::uint32_t dispatcher,
                                   const WorkerRange& own, std::uint32_t event, std::uint32_t first,
                                   std::uint32_t end) {
  if (roles.schedulers == 0) return {first, end};
  if (!is_broadcast(roles, end - first)) {
    return dispatcher == scheduler_of(roles, event) ? TaskRange{first, end}
                                                    : TaskRange{first, first};
  }
  if (own.size() == 0) return {first, first};
  const std::uint32_t active = active_schedulers(roles);
  const std::uint32_t rank = roles.schedulers <= roles.workers ? dispatcher : own.begin;
  const std::uint64_t slice = (rank + event) % active;
  const std::uint64_t tasks = end - first;
  return {first + static_cast<std::uint32_t>(slice * tasks / active),
          first + static_cast<std::uint32_t>((slice + 1) * tasks / active)};
}
MK_HD constexpr TaskRange share_of(const Roles& roles, std::uint32_t dispatcher,
                                   std::uint32_t event, std::uint32_t first, std::uint32_t end) {
  return share_of(roles, dispatcher, workers_of(roles, dispatcher), event, first, end);
}

// State of one dispatcher, kept by whoever runs its loop from event to event and from iteration to
// iteration.
struct DispatcherState {
  std::uint32_t next_worker = 0;  // offset into its range
};

MK_HD constexpr DispatcherState initial_state(const Roles& roles, std::uint32_t dispatcher) {
  return {roles.schedulers == 0 ? dispatcher % roles.workers : 0};
}

// The worker that JIT-launched task `task` goes to. `depths` are the lengths of the JIT queues of
// the workers [own.begin, own.end), read only where policy.jit_placement asks for them; may be null
// otherwise. Requires: own is not empty.
MK_HD constexpr std::uint32_t place_jit(const Policy& policy, const WorkerRange& own,
                                        DispatcherState& state, [[maybe_unused]] std::uint32_t task,
                                        const std::uint32_t* depths) {
  const std::uint32_t size = own.size();
  std::uint32_t chosen = state.next_worker;
  if (policy.jit_placement == JitPlacement::kShortestQueue) {
    for (std::uint32_t i = 1; i < size; ++i) {
      const std::uint32_t other = (state.next_worker + i) % size;
      if (depths[other] < depths[chosen]) chosen = other;
    }
  }
  state.next_worker = chosen + 1 == size ? 0 : chosen + 1;
  return own.begin + chosen;
}

// What a worker sees when it looks for work.
struct QueueView {
  bool jit_empty = true;
  bool aot_empty = true;
  bool aot_head_ready = false;  // is the event that the AOT head waits for active?
};
enum class NextQueue : std::uint8_t { kNone, kJit, kAot };

// Which queue the worker takes its next task from; kNone: poll again. JIT before AOT; an AOT head
// that is not ready is taken (and waited for) only where the policy blocks: pure `aot`, or
// `blocking_fifo`.
MK_HD constexpr NextQueue next_queue(const Policy& policy, const QueueView& view) {
  if (!view.jit_empty) return NextQueue::kJit;
  if (view.aot_empty) return NextQueue::kNone;
  const bool blocks = policy.kind == PolicyKind::kAot || policy.blocking_fifo;
  return view.aot_head_ready || blocks ? NextQueue::kAot : NextQueue::kNone;
}

// The list that worker `worker` of the range gets. Requires: phase < own.size().
MK_HD constexpr std::uint32_t list_of(const WorkerRange& own, std::uint32_t worker,
                                      std::uint32_t phase) {
  const std::uint32_t i = worker - own.begin;
  return own.begin + (i >= phase ? i - phase : i + own.size() - phase);
}

// The phase of the range's rows in an iteration: a function of the iteration alone, so that without
// schedulers it does not matter which worker happens to begin it.
MK_HD constexpr std::uint32_t phase_in(const WorkerRange& own, std::uint32_t step,
                                       std::uint32_t iteration) {
  if (own.size() == 0) return 0;
  return static_cast<std::uint32_t>(std::uint64_t{step} * iteration % own.size());
}

// Calls emit(worker, task) for the AOT-launched tasks of the range's workers, row by row: the first
// task of each worker's list, then the second of each ...
#if defined(__CUDACC__)
#pragma nv_exec_check_disable
#endif
template <typename Emit>
MK_HD constexpr void for_each_aot_row(const WorkerRange& own, std::uint32_t phase,
                                      const std::uint32_t* list_first,
                                      const std::uint32_t* list_tasks, Emit&& emit) {
  bool more = own.size() > 0;
  for (std::uint32_t row = 0; more; ++row) {
    more = false;
    for (std::uint32_t worker = own.begin; worker < own.end; ++worker) {
      const std::uint32_t list = list_of(own, worker, phase);
      if (row < list_first[list + 1] - list_first[list]) {
        emit(worker, list_tasks[list_first[list] + row]);
        more = true;
      }
    }
  }
}

}  // namespace mk
