#include "core/launch_plan.h"

#include <algorithm>

namespace mk {
namespace {

// Tasks that dispatcher d of the device launches when the event is activated.
std::uint32_t jit_share(const LaunchPlan& plan, std::uint8_t device, std::uint32_t dispatcher,
                        std::uint32_t event) {
  const TaskRange all = range_on(plan, device, event);
  const TaskRange share = share_of(plan.roles, dispatcher, event, all.begin, all.end);
  std::uint32_t tasks = 0;
  for (std::uint32_t t = share.begin; t < share.end; ++t) tasks += plan.is_jit[t] != 0 ? 1 : 0;
  return tasks;
}

// JIT tasks that dispatcher d places in an iteration, and the activations that come to it.
struct DispatcherLoad {
  std::uint32_t tasks = 0;
  std::uint32_t activations = 2;  // begin, and end
};

DispatcherLoad load_of(const LaunchPlan& plan, std::uint8_t device, std::uint32_t dispatcher) {
  DispatcherLoad load;
  for (std::uint32_t e = 0; e + 1 < plan.events(); ++e) {
    const std::uint32_t tasks = jit_share(plan, device, dispatcher, e);
    load.tasks += tasks;
    load.activations += tasks > 0 && e != 0 ? 1 : 0;
  }
  return load;
}

// The most that one worker can get of what its dispatcher deals.
std::uint32_t most_of(const LaunchPlan& plan, std::uint32_t dealt, const WorkerRange& own) {
  const bool in_turn =
      plan.roles.schedulers > 0 && plan.policy.jit_placement == JitPlacement::kInTurn;
  return in_turn ? (dealt + own.size() - 1) / own.size() : dealt;
}

}  // namespace

LaunchPlan make_launch_plan(const TaskGraph& graph, const Policy& policy, const Roles& roles,
                            const QueueCapacities& capacities) {
  LaunchPlan plan;
  plan.policy = policy;
  plan.roles = roles;
  plan.devices = graph.info().devices;
  plan.capacities = capacities;
  plan.dependent_event = graph.tasks().dependent_event;
  plan.triggering_event = graph.tasks().triggering_event;
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    plan.device.push_back(graph.op_of(TaskId(t)).device);
    plan.is_jit.push_back(is_jit_launched(policy.kind, graph.tasks().label[t]) ? 1 : 0);
  }
  plan.trigger_count = graph.events().trigger_count;
  plan.first_task = graph.events().first_task;
  plan.end_task = graph.events().end_task;
  plan.event_device = graph.events().device;
  for (std::uint8_t d = 0; d < plan.devices; ++d) {
    const PlacementTables tables = make_placement(graph, policy, roles, d);
    for (std::uint32_t w = 0; w < roles.workers; ++w) {
      const std::span<const std::uint32_t> list = tables.worker_list(w);
      plan.lists.emplace_back(list.begin(), list.end());
    }
    plan.phase_step.insert(plan.phase_step.end(), tables.phase_step.begin(),
                           tables.phase_step.end());
  }
  return plan;
}

TaskRange range_on(const LaunchPlan& plan, std::uint8_t device, std::uint32_t event) {
  TaskRange range{plan.first_task[event], plan.end_task[event]};
  while (range.begin < range.end && plan.device[range.begin] != device) ++range.begin;
  while (range.end > range.begin && plan.device[range.end - 1] != device) --range.end;
  return range;
}

QueueCapacities needed_capacities(const LaunchPlan& plan) {
  QueueCapacities needed;
  if (plan.policy.kind == PolicyKind::kStatic) return needed;
  for (const auto& list : plan.lists)
    needed.tasks = std::max(needed.tasks, static_cast<std::uint32_t>(list.size()));
  const std::uint32_t dispatchers = plan.roles.schedulers == 0 ? 1 : plan.roles.schedulers;
  for (std::uint8_t device = 0; device < plan.devices; ++device) {
    for (std::uint32_t d = 0; d < dispatchers; ++d) {
      const WorkerRange own = workers_of(plan.roles, d);
      if (own.size() == 0) continue;
      const DispatcherLoad load = load_of(plan, device, d);
      needed.tasks = std::max(needed.tasks, most_of(plan, load.tasks, own));
      if (plan.roles.schedulers > 0) needed.events = std::max(needed.events, load.activations);
    }
  }
  return needed;
}

}  // namespace mk
