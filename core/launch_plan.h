// LaunchPlan: everything of a launch that decides whether it can come to its end: who waits for
// what, in what order each worker takes what is placed ahead, and how much each queue holds.
//
// A plain value that may be wrong in any way, unlike the TaskGraph and PlacementTables that it is
// made of: what checks a plan (launch_check.h) trusts nothing. Workers and schedulers of all
// devices are numbered through: worker w of device d is d * roles.workers + w.
#pragma once

#include <cstdint>
#include <vector>

#include "core/policy.h"
#include "core/task_graph.h"

namespace mk {

// Items that each queue of a kind holds.
struct QueueCapacities {
  std::uint32_t tasks = 0;   // AOT queue and JIT queue of a worker, each
  std::uint32_t events = 0;  // queue of a scheduler
};

struct LaunchPlan {
  Policy policy{};
  Roles roles{};  // of each device
  std::uint8_t devices = 1;
  QueueCapacities capacities{};

  // By task.
  std::vector<std::uint32_t> dependent_event{};
  std::vector<std::uint32_t> triggering_event{};
  std::vector<std::uint8_t> device{};
  std::vector<std::uint8_t> is_jit{};  // launched by a dispatcher, in no list

  // By event; event 0 begins an iteration, the last ends it.
  std::vector<std::uint32_t> trigger_count{};
  std::vector<std::uint32_t> first_task{};
  std::vector<std::uint32_t> end_task{};
  std::vector<std::uint8_t> event_device{};

  // Tasks placed ahead, by worker, in the order in which it takes them. Under a drifting placement
  // (by dispatcher: phase_step is not 0) they pass from worker to worker of one dispatcher.
  std::vector<std::vector<std::uint32_t>> lists{};
  std::vector<std::uint32_t> phase_step{};

  std::uint32_t tasks() const { return static_cast<std::uint32_t>(dependent_event.size()); }
  std::uint32_t events() const { return static_cast<std::uint32_t>(trigger_count.size()); }
  std::uint32_t end_event() const { return events() - 1; }
  std::uint32_t workers() const { return roles.workers * devices; }
};

// What the simulator and the backends do with this graph. Requires: as make_placement().
LaunchPlan make_launch_plan(const TaskGraph& graph, const Policy& policy, const Roles& roles,
                            const QueueCapacities& capacities);

// The tasks of the event's range that are on the device: a part of the range of `begin` only, which
// launches tasks of all devices. Requires: as check_launch() establishes for columns and ranges.
TaskRange range_on(const LaunchPlan& plan, std::uint8_t device, std::uint32_t event);

// The least capacities with which no queue can overflow in one iteration.
QueueCapacities needed_capacities(const LaunchPlan& plan);

}  // namespace mk
