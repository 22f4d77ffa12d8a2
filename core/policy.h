// Policy: who places a task, on which worker, when, and in what order a worker takes its tasks.
//
// A value and plain functions over tables that are made once, at launch. The simulator, the host
// backend and the CUDA backend call the same functions: what the simulator predicts about placement
// is what the backend does, by construction. Inputs are ids, explicit state and queue depths, never
// a clock. Everything marked MK_HD also compiles for the device. All of it is about one device:
// graphs for several devices have one set of tables and roles a device.
//
// How a megakernel policy runs an iteration:
//   begin    The runtime notifies `begin`. Every dispatcher enqueues the AOT-launched tasks of its
//   own
//            workers into their AOT queues, row by row (for_each_aot_row), and its share of the
//            JIT-launched tasks that wait for `begin` (share_of, place_jit).
//   running  A task's last notification activates its triggering event. If that event launches JIT
//            tasks (PlacementTables::launches_jit), it goes to scheduler_of(event), or to all
//            schedulers if is_broadcast(); each places the JIT-launched tasks of its share_of() the
//            range by place_jit(). AOT tasks see the counter themselves.
//   end      `end` goes to its scheduler, which prepares the next iteration and notifies `begin`,
//   or
//            stops the run.
// With 0 schedulers the worker that makes the last arrival does that dispatcher's step: it owns all
// workers for that step and places all of the range.
// Under kStatic nobody enqueues: each worker walks its own list, the same in every iteration, each
// time after `begin` was activated.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/task_graph.h"

// MK_APART: a function of which a kernel has one copy, however often it is called. For what is long
// and seldom done: inlined, the protocol is 20,000 instructions of PTX, most of them such copies.
#if defined(__CUDACC__)
#define MK_HD __host__ __device__
#define MK_APART __host__ __device__ __noinline__
#else
#define MK_HD
#define MK_APART
#endif

namespace mk {

enum class PolicyKind : std::uint8_t { kHybrid, kAot, kJit, kStatic, kStream, kGraph, kPdl };

enum class PolicyFamily : std::uint8_t {
  kMegakernel,  // one persistent kernel: workers, queues, events
  kPerKernel,   // one kernel an operator: baselines
};

// The one table of policies.
struct PolicyFacts {
  PolicyKind kind = PolicyKind::kHybrid;
  std::string_view name{};
  PolicyFamily family = PolicyFamily::kMegakernel;
  bool has_aot_queue = false;
  bool has_jit_queue = false;
  std::string_view summary{};
};

inline constexpr std::array kPolicies = {
    PolicyFacts{PolicyKind::kHybrid, "hybrid", PolicyFamily::kMegakernel, true, true,
                "the paper: JIT for tasks of data-dependent length and what follows them, AOT for "
                "the rest"},
    PolicyFacts{PolicyKind::kAot, "aot", PolicyFamily::kMegakernel, true, false,
                "everything enqueued at the start of an iteration, workers wait on events"},
    PolicyFacts{PolicyKind::kJit, "jit", PolicyFamily::kMegakernel, false, true,
                "everything launched by schedulers when its event is activated"},
    PolicyFacts{PolicyKind::kStatic, "static", PolicyFamily::kMegakernel, false, false,
                "per-worker lists made ahead of time, no schedulers"},
    PolicyFacts{PolicyKind::kStream, "stream", PolicyFamily::kPerKernel, false, false,
                "one kernel an operator, stream launches"},
    PolicyFacts{PolicyKind::kGraph, "graph", PolicyFamily::kPerKernel, false, false,
                "one kernel an operator, CUDA Graph"},
    PolicyFacts{PolicyKind::kPdl, "pdl", PolicyFamily::kPerKernel, false, false,
                "CUDA Graph with programmatic dependent launch"},
};

constexpr const PolicyFacts& facts(PolicyKind kind) {
  return kPolicies[static_cast<std::size_t>(kind)];
}
std::optional<PolicyKind> policy_from_name(std::string_view name);

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
std::string_view name_of(Placement placement);
std::optional<Placement> placement_from_name(std::string_view name);

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

// Is a task launched by a dispatcher when its event is activated, given its label in the graph?
MK_HD constexpr bool is_jit_launched(PolicyKind policy, LaunchLabel label) {
  return policy == PolicyKind::kJit ||
         (policy == PolicyKind::kHybrid && label == LaunchLabel::kJit);
}

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

// Per-worker lists of the tasks that are placed ahead (AOT-launched ones under aot and hybrid, all
// of them under static), each in task order. With a drifting round robin (open MPK: a scheduler's
// next_worker is not reset) the rows of dispatcher d turn within its own range: in an iteration of
// phase p (phase_in), its worker i gets the list of its worker (i - p) mod size.
struct PlacementTables {
  std::vector<std::uint32_t> list_first{};   // W + 1 offsets into list_tasks
  std::vector<std::uint32_t> list_tasks{};   // task ids
  std::vector<std::uint32_t> phase_step{};   // a dispatcher: its rows turn by so much an iteration
  std::vector<std::uint8_t> launches_jit{};  // an event: does its range hold JIT-launched tasks?

  std::uint32_t workers() const { return static_cast<std::uint32_t>(list_first.size() - 1); }
  std::span<const std::uint32_t> worker_list(std::uint32_t worker) const {
    return {list_tasks.data() + list_first[worker], list_first[worker + 1] - list_first[worker]};
  }
};

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

// Makes the tables of one device. `task_us` (one estimate a task, or empty) serves kLongestFirst,
// kEarliestFinish and kLocality; with none, a task counts as its weight + KV + activation bytes.
// Tasks of other devices are in no list. Requires: a megakernel policy, workers >= 1.
PlacementTables make_placement(const TaskGraph& graph, const Policy& policy, const Roles& roles,
                               std::uint8_t device = 0, std::span<const double> task_us = {});

}  // namespace mk
