// Policy: who places a task, on which worker, when, and in what order a worker takes its tasks.
//
// A value and plain functions over tables that are made once, at launch. The simulator, the host
// backend and the CUDA backend call the same functions: what the simulator predicts about placement
// is what the backend does, by construction. Inputs are ids, explicit state and queue depths, never
// a clock. Everything marked MK_HD also compiles for the device.
//
// How a megakernel policy runs an iteration:
//   begin    `begin` is activated. Each scheduler enqueues the AOT-labelled tasks of its own
//   workers, in task order, into their
//            AOT queues (for_each_aot_row below), and JIT-labelled tasks that wait for `begin` into
//            JIT queues.
//   running  A task's last notification activates its triggering event. If that event launches JIT
//   tasks, the event goes to
//            scheduler_of(event), or to all schedulers if is_broadcast(); each places its share by
//            place_jit(). AOT tasks see the counter themselves.
//   end      `end` is activated: the scheduler of `end` prepares the next iteration and activates
//   `begin` again, or stops.
// With 0 schedulers the worker that makes the last arrival does the scheduler's step; it owns all
// workers for that step. Under kStatic nobody enqueues: each worker walks its own list
// (worker_list), which is the same in every iteration.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/task_graph.h"

#if defined(__CUDACC__)
#define MK_HD __host__ __device__
#else
#define MK_HD
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

// Which worker an AOT or static task goes to. JIT tasks are placed in turn among the workers of the
// scheduler, whatever this is.
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

struct Policy {
  PolicyKind kind = PolicyKind::kHybrid;
  Placement placement = Placement::kRoundRobin;
  bool blocking_fifo =
      false;  // kHybrid: the open code's worker, which blocks on the head of its AOT queue
  friend bool operator==(const Policy&, const Policy&) = default;
};

inline constexpr std::uint32_t kMassiveLaunch =
    8;  // an event that launches this many tasks goes to all schedulers [R 1.4]

// How a task is launched under a policy, given its label in the graph.
MK_HD constexpr bool is_jit_launched(PolicyKind policy, LaunchLabel label) {
  return policy == PolicyKind::kJit ||
         (policy == PolicyKind::kHybrid && label == LaunchLabel::kJit);
}

// Roles of a launch.
struct Roles {
  std::uint32_t workers = 1;
  std::uint32_t schedulers = 1;  // 0: the last arriver does the scheduler's step

  // Entities that do scheduler steps: the schedulers, or with none of them each worker.
  MK_HD constexpr std::uint32_t dispatchers() const {
    return schedulers == 0 ? workers : schedulers;
  }
};

struct WorkerRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// The workers that dispatcher d feeds: contiguous, even shares for schedulers; all workers when
// there are no schedulers.
MK_HD constexpr WorkerRange workers_of(const Roles& roles, std::uint32_t dispatcher) {
  if (roles.schedulers == 0) return {0, roles.workers};
  const auto part = [&](std::uint64_t d) {
    return static_cast<std::uint32_t>(d * roles.workers / roles.schedulers);
  };
  return {part(dispatcher), part(dispatcher + 1ULL)};
}

// Does the activation of an event that launches `launched` JIT tasks go to every scheduler?
MK_HD constexpr bool is_broadcast(const Roles& roles, std::uint32_t launched) {
  return roles.schedulers > 1 && launched >= kMassiveLaunch;
}

// The scheduler that serves the event. Among those that own at least one worker. Requires:
// schedulers >= 1.
MK_HD constexpr std::uint32_t scheduler_of(const Roles& roles, std::uint32_t event) {
  if (roles.schedulers <= roles.workers) return event % roles.schedulers;
  // More schedulers than workers: only those with a non-empty share serve. Worker w belongs to the
  // scheduler whose range has w.
  const std::uint32_t worker = event % roles.workers;
  return static_cast<std::uint32_t>(
      (static_cast<std::uint64_t>(worker + 1) * roles.schedulers - 1) / roles.workers);
}

// The share of [first, end) that dispatcher d places: all of it for a single dispatcher, an even
// slice under a broadcast. Slices follow the dispatchers' shares of the workers, so a dispatcher
// without workers gets none.
struct TaskRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};
MK_HD constexpr TaskRange share_of(const Roles& roles, std::uint32_t dispatcher,
                                   std::uint32_t first, std::uint32_t end) {
  if (!is_broadcast(roles, end - first)) return {first, end};
  const WorkerRange own = workers_of(roles, dispatcher);
  const auto cut = [&](std::uint64_t worker) {
    return first + static_cast<std::uint32_t>(worker * (end - first) / roles.workers);
  };
  return {cut(own.begin), cut(own.end)};
}

// State of one dispatcher, kept by whoever runs its loop.
struct DispatcherState {
  std::uint32_t next_worker =
      0;  // offset into its range; kept from event to event and from iteration to iteration
};

// The worker that the next JIT task goes to. Requires: the dispatcher's range is not empty.
MK_HD constexpr std::uint32_t place_jit(const WorkerRange& own, DispatcherState& state) {
  const std::uint32_t worker = own.begin + state.next_worker;
  state.next_worker = state.next_worker + 1 == own.end - own.begin ? 0 : state.next_worker + 1;
  return worker;
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

// Per-worker lists of the tasks that are placed ahead (AOT under aot and hybrid, all under static),
// each in task order. With round robin the lists belong to virtual workers: in an iteration with
// phase p, worker w gets list (w - p) mod W.
struct PlacementTables {
  std::vector<std::uint32_t> list_first{};  // W + 1 entries into list_tasks
  std::vector<std::uint32_t> list_tasks{};
  std::uint32_t phase_step =
      0;  // added to the phase after each iteration, mod W (0 unless it drifts)
  std::vector<std::uint8_t>
      launches_jit{};  // a flag an event: its launch range holds tasks that a dispatcher must place

  std::uint32_t workers() const { return static_cast<std::uint32_t>(list_first.size() - 1); }
};

MK_HD constexpr std::uint32_t list_of(std::uint32_t worker, std::uint32_t phase,
                                      std::uint32_t workers) {
  return worker >= phase ? worker - phase : worker + workers - phase;
}
MK_HD constexpr std::uint32_t next_phase(std::uint32_t phase, std::uint32_t step,
                                         std::uint32_t workers) {
  return (phase + step) % workers;
}

// Calls emit(worker, task) for all AOT tasks of the dispatcher's own workers, row by row: the first
// task of each worker's list, then the second of each ... `lists`, `tasks` are
// PlacementTables::list_first and list_tasks.
template <typename Emit>
MK_HD constexpr void for_each_aot_row(const WorkerRange& own, std::uint32_t phase,
                                      std::uint32_t workers, const std::uint32_t* list_first,
                                      const std::uint32_t* list_tasks, Emit&& emit) {
  bool more = own.begin < own.end;
  for (std::uint32_t row = 0; more; ++row) {
    more = false;
    for (std::uint32_t w = own.begin; w < own.end; ++w) {
      const std::uint32_t list = list_of(w, phase, workers);
      if (row < list_first[list + 1] - list_first[list]) {
        emit(w, list_tasks[list_first[list] + row]);
        more = true;
      }
    }
  }
}

// Makes the tables. `task_us` (one estimate a task, or empty) serves kLongestFirst, kEarliestFinish
// and kLocality; with none, a task counts as its weight + KV + activation bytes. Requires: a
// megakernel policy, workers >= 1.
PlacementTables make_placement(const TaskGraph& graph, const Policy& policy, const Roles& roles,
                               std::span<const double> task_us = {});

}  // namespace mk
