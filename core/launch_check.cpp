#include "core/launch_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mk {
namespace {

LaunchProblem problem(LaunchFault fault, std::string message) {
  return {fault, std::move(message), {}};
}
using Found = std::optional<LaunchProblem>;

Found check_shape(const LaunchPlan& p) {
  const auto wrong = [](std::string message) {
    return problem(LaunchFault::kShape, std::move(message));
  };
  if (p.roles.workers == 0 || p.devices == 0) return wrong("no worker");
  if (facts(p.policy.kind).family != PolicyFamily::kMegakernel)
    return wrong(fmt::format("{} has no queues", facts(p.policy.kind).name));
  if (p.tasks() == 0 || p.events() < 2) return wrong("no task, or no begin and end");
  if (p.triggering_event.size() != p.tasks() || p.device.size() != p.tasks() ||
      p.is_jit.size() != p.tasks() || p.first_task.size() != p.events() ||
      p.end_task.size() != p.events() || p.event_device.size() != p.events() ||
      p.lists.size() != p.workers())
    return wrong("columns of different lengths");
  for (std::uint32_t t = 0; t < p.tasks(); ++t) {
    if (p.dependent_event[t] >= p.end_event() || p.triggering_event[t] >= p.events() ||
        p.triggering_event[t] == 0)
      return wrong(fmt::format("task {}: waits for event {}, notifies event {}; there are {}", t,
                               p.dependent_event[t], p.triggering_event[t], p.events()));
    if (p.device[t] >= p.devices) return wrong(fmt::format("task {}: device {}", t, p.device[t]));
  }
  for (std::uint32_t e = 0; e < p.events(); ++e) {
    if (p.first_task[e] > p.end_task[e] || p.end_task[e] > p.tasks())
      return wrong(fmt::format("event {}: launches tasks {} to {} of {}", e, p.first_task[e],
                               p.end_task[e], p.tasks()));
  }
  for (const auto& list : p.lists) {
    for (const std::uint32_t t : list) {
      if (t >= p.tasks()) return wrong(fmt::format("a list has task {} of {}", t, p.tasks()));
    }
  }
  return std::nullopt;
}

Found check_triggers(const LaunchPlan& p) {
  std::vector<std::uint32_t> notified(p.events(), 0);
  std::vector<bool> is_waited_for(p.events(), false);
  notified[0] = 1;  // by the runtime
  for (std::uint32_t t = 0; t < p.tasks(); ++t) {
    ++notified[p.triggering_event[t]];
    is_waited_for[p.dependent_event[t]] = true;
  }
  for (std::uint32_t e = 0; e < p.events(); ++e) {
    if (notified[e] == 0)
      return problem(LaunchFault::kTrigger, fmt::format("event {}: no task notifies it", e));
    if (notified[e] != p.trigger_count[e])
      return problem(LaunchFault::kTrigger, fmt::format("event {}: counts to {}, gets {}", e,
                                                        p.trigger_count[e], notified[e]));
    if (e != p.end_event() && !is_waited_for[e])
      return problem(LaunchFault::kTrigger,
                     fmt::format("event {}: no task waits for it, so the iteration may end before "
                                 "the tasks that notify it",
                                 e));
  }
  return std::nullopt;
}

// Each task is launched once: by a list of its device, or by its own event.
Found check_placement(const LaunchPlan& p) {
  const auto wrong = [](std::string message) {
    return problem(LaunchFault::kPlacement, std::move(message));
  };
  const PolicyFacts& policy = facts(p.policy.kind);
  const bool has_lists = policy.has_aot_queue || p.policy.kind == PolicyKind::kStatic;
  std::vector<std::uint32_t> launches(p.tasks(), 0);
  for (std::uint32_t w = 0; w < p.workers(); ++w) {
    for (const std::uint32_t t : p.lists[w]) {
      ++launches[t];
      if (p.is_jit[t] != 0)
        return wrong(fmt::format("task {}: in worker {}'s list, and launched JIT", t, w));
      if (p.device[t] != w / p.roles.workers)
        return wrong(
            fmt::format("task {}: of device {}, in the list of worker {}", t, p.device[t], w));
    }
  }
  for (std::uint32_t e = 0; e < p.events(); ++e) {
    for (std::uint32_t t = p.first_task[e]; t < p.end_task[e]; ++t) {
      if (p.is_jit[t] == 0) continue;
      ++launches[t];
      if (p.dependent_event[t] != e)
        return wrong(fmt::format("task {}: launched by event {}, waits for event {}", t, e,
                                 p.dependent_event[t]));
      if (e != 0 && p.device[t] != p.event_device[e])
        return wrong(fmt::format("task {}: of device {}, launched by event {} of device {}", t,
                                 p.device[t], e, p.event_device[e]));
    }
  }
  for (std::uint32_t t = 0; t < p.tasks(); ++t) {
    if (p.is_jit[t] != 0 ? !policy.has_jit_queue : !has_lists)
      return wrong(fmt::format("task {}: {} has no queue for it", t, policy.name));
    if (launches[t] != 1) return wrong(fmt::format("task {}: launched {} times", t, launches[t]));
  }
  return std::nullopt;
}

// The orders of invariant (2) as a graph: tasks, an event node between its producers and those that
// wait for it, and a node for "a worker of this dispatcher may be blocked".
class WaitGraph {
 public:
  explicit WaitGraph(const LaunchPlan& plan)
      : plan_(plan), after_(plan.tasks() + plan.events() + groups()) {
    for (std::uint32_t t = 0; t < plan.tasks(); ++t) {
      add(t, event_node(plan.triggering_event[t]));
      add(event_node(plan.dependent_event[t]), t);
    }
    for (const auto& list : plan.lists) {
      for (std::size_t i = 1; i < list.size(); ++i) add(list[i - 1], list[i]);
    }
    if (plan.policy.kind == PolicyKind::kHybrid && plan.policy.blocking_fifo) add_blocking();
  }

  // The tasks of one cycle, each waiting for the next; empty iff there is none.
  std::vector<CycleStep> cycle() const {
    const std::vector<std::uint32_t> missing = missing_after_walk();
    const auto blocked =
        std::find_if(missing.begin(), missing.end(), [](std::uint32_t count) { return count > 0; });
    if (blocked == missing.end()) return {};
    return steps(walk_back(static_cast<std::uint32_t>(blocked - missing.begin()), missing));
  }

 private:
  using Nodes = std::vector<std::uint32_t>;

  std::uint32_t dispatchers() const {
    return plan_.roles.schedulers == 0 ? 1 : plan_.roles.schedulers;
  }
  std::uint32_t groups() const { return dispatchers() * plan_.devices; }
  std::uint32_t event_node(std::uint32_t event) const { return plan_.tasks() + event; }
  std::uint32_t group_node(std::uint8_t device, std::uint32_t dispatcher) const {
    return plan_.tasks() + plan_.events() + device * dispatchers() + dispatcher;
  }
  void add(std::uint32_t before, std::uint32_t after) { after_[before].push_back(after); }

  void add_blocking() {
    for (std::uint8_t device = 0; device < plan_.devices; ++device) {
      for (std::uint32_t d = 0; d < dispatchers(); ++d) {
        const WorkerRange own = workers_of(plan_.roles, d);
        for (std::uint32_t w = own.begin; w < own.end; ++w) {
          const auto& list = plan_.lists[device * plan_.roles.workers + w];
          if (!list.empty()) add(list.back(), group_node(device, d));
        }
        for (std::uint32_t e = 0; e < plan_.events(); ++e) {
          const TaskRange all = range_on(plan_, device, e);
          const TaskRange share = share_of(plan_.roles, d, e, all.begin, all.end);
          for (std::uint32_t t = share.begin; t < share.end; ++t) {
            if (plan_.is_jit[t] != 0) add(group_node(device, d), t);
          }
        }
      }
    }
  }

  // Kahn's walk: how many predecessors of each node stay unvisited.
  Nodes missing_after_walk() const {
    Nodes missing(after_.size(), 0);
    for (const Nodes& nodes : after_) {
      for (const std::uint32_t node : nodes) ++missing[node];
    }
    Nodes ready;
    for (std::uint32_t n = 0; n < missing.size(); ++n) {
      if (missing[n] == 0) ready.push_back(n);
    }
    while (!ready.empty()) {
      const std::uint32_t node = ready.back();
      ready.pop_back();
      for (const std::uint32_t next : after_[node]) {
        if (--missing[next] == 0) ready.push_back(next);
      }
    }
    return missing;
  }

  // Nodes of a cycle, each after the next one.
  Nodes walk_back(std::uint32_t node, const Nodes& missing) const {
    Nodes before(after_.size(), kNoIndex);  // a blocked predecessor
    for (std::uint32_t n = 0; n < after_.size(); ++n) {
      if (missing[n] == 0) continue;
      for (const std::uint32_t next : after_[n]) {
        if (missing[next] > 0) before[next] = n;
      }
    }
    std::vector<bool> seen(after_.size(), false);
    while (!seen[node]) {
      seen[node] = true;
      node = before[node];
    }
    Nodes cycle{node};
    for (std::uint32_t n = before[node]; n != node; n = before[n]) cycle.push_back(n);
    return cycle;
  }

  std::vector<CycleStep> steps(const Nodes& cycle) const {
    const std::uint32_t first_group = plan_.tasks() + plan_.events();
    std::vector<CycleStep> result;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      if (cycle[i] >= plan_.tasks()) continue;
      const std::uint32_t next = cycle[(i + 1) % cycle.size()];
      result.push_back({cycle[i], next < plan_.tasks() ? WaitReason::kListOrder
                                  : next < first_group ? WaitReason::kEvent
                                                       : WaitReason::kBlockedHead});
    }
    return result;
  }

  const LaunchPlan& plan_;
  std::vector<Nodes> after_;
};

Found check_order(const LaunchPlan& p) {
  std::vector<CycleStep> cycle = WaitGraph(p).cycle();
  if (cycle.empty()) return std::nullopt;
  std::string path;
  for (const CycleStep& step : cycle) {
    constexpr std::string_view kWords[] = {"waits for the event of", "stands in a list behind",
                                           "may be held up by a worker that waits with"};
    path += fmt::format("task {} {} ", step.task, kWords[static_cast<std::size_t>(step.reason)]);
    if (path.size() > 600) break;
  }
  path += fmt::format("task {}", cycle.front().task);
  return LaunchProblem{LaunchFault::kCycle, std::move(path), std::move(cycle)};
}

Found check_task_queues(const LaunchPlan& p, const QueueCapacities& needed) {
  if (needed.tasks <= p.capacities.tasks) return std::nullopt;
  return problem(LaunchFault::kTaskQueue,
                 fmt::format("a worker's queue may get {} tasks in an iteration, and holds {}",
                             needed.tasks, p.capacities.tasks));
}

Found check_event_queues(const LaunchPlan& p, const QueueCapacities& needed) {
  if (needed.events <= p.capacities.events) return std::nullopt;
  return problem(LaunchFault::kEventQueue,
                 fmt::format("a scheduler's queue may get {} events in an iteration, and holds {}",
                             needed.events, p.capacities.events));
}

}  // namespace

std::string_view name_of(LaunchFault fault) {
  constexpr std::string_view kNames[] = {"shape", "trigger",    "placement",
                                         "cycle", "task_queue", "event_queue"};
  return kNames[static_cast<std::size_t>(fault)];
}

std::vector<LaunchProblem> check_launch(const LaunchPlan& plan) {
  if (Found shape = check_shape(plan)) return {std::move(*shape)};
  const QueueCapacities needed = needed_capacities(plan);
  std::vector<LaunchProblem> problems;
  for (Found found : {check_triggers(plan), check_placement(plan), check_order(plan),
                      check_task_queues(plan, needed), check_event_queues(plan, needed)}) {
    if (found) problems.push_back(std::move(*found));
  }
  return problems;
}

}  // namespace mk
