// Policy: who places a task, on which worker, when, and in what order a worker takes its tasks.
//
// A value and plain functions over tables that are made once, at launch. The simulator, the host
// backend and the CUDA backend call the same functions: what the simulator predicts about placement
// is what the backend does, by construction. Inputs are ids, explicit state and queue depths, never
// a clock. What also compiles for the device is in policy_rules.h. All of it is about one device:
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

#include "core/policy_rules.h"
#include "core/result.h"
#include "core/task_graph.h"

namespace mk {

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

std::string_view name_of(Placement placement);
std::optional<Placement> placement_from_name(std::string_view name);

// Is a task launched by a dispatcher when its event is activated, given its label in the graph?
constexpr bool is_jit_launched(PolicyKind policy, LaunchLabel label) {
  return policy == PolicyKind::kJit ||
         (policy == PolicyKind::kHybrid && label == LaunchLabel::kJit);
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

// Makes the tables of one device. `task_us` (one estimate a task, or empty) serves kLongestFirst,
// kEarliestFinish and kLocality; with none, a task counts as its weight + KV + activation bytes.
// Tasks of other devices are in no list. Requires: a megakernel policy, workers >= 1.
PlacementTables make_placement(const TaskGraph& graph, const Policy& policy, const Roles& roles,
                               std::uint8_t device = 0, std::span<const double> task_us = {});

}  // namespace mk
