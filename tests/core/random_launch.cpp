#include "tests/core/random_launch.h"

#include <algorithm>
#include <utility>

namespace mk::testing {
namespace {

std::uint32_t pick(std::mt19937& random, std::uint32_t from, std::uint32_t to) {
  return std::uniform_int_distribution<std::uint32_t>(from, to)(random);
}

// Groups of tasks, each launched by its event; a task notifies a later group's event, or `end`.
void wire(LaunchPlan& plan, std::mt19937& random) {
  const std::uint32_t tasks = pick(random, 3, 7);
  std::uint32_t groups = 0;
  while (plan.tasks() < tasks) {
    const std::uint32_t left = tasks - plan.tasks();
    const std::uint32_t size = std::min(left, pick(random, 1, 3));
    plan.first_task.push_back(plan.tasks());
    plan.end_task.push_back(plan.tasks() + size);
    for (std::uint32_t i = 0; i < size; ++i) plan.dependent_event.push_back(groups);
    ++groups;
  }
  plan.first_task.push_back(tasks);
  plan.end_task.push_back(tasks);
  plan.trigger_count.assign(groups + 1, 0);
  plan.trigger_count[0] = 1;
  plan.triggering_event.assign(tasks, kNoIndex);
  for (std::uint32_t g = 1; g < groups; ++g) {  // somebody of the group before
    const std::uint32_t t = pick(random, plan.first_task[g - 1], plan.end_task[g - 1] - 1);
    plan.triggering_event[t] = g;
  }
  for (std::uint32_t t = 0; t < tasks; ++t) {
    std::uint32_t& event = plan.triggering_event[t];
    if (event == kNoIndex) event = pick(random, plan.dependent_event[t] + 1, groups);
    ++plan.trigger_count[event];
  }
  plan.device.assign(tasks, 0);
  plan.event_device.assign(groups + 1, 0);
}

void place(LaunchPlan& plan, std::mt19937& random) {
  plan.lists.resize(plan.roles.workers);
  for (std::uint32_t t = 0; t < plan.tasks(); ++t) {
    const auto label = pick(random, 0, 1) == 0 ? LaunchLabel::kAot : LaunchLabel::kJit;
    plan.is_jit.push_back(is_jit_launched(plan.policy.kind, label) ? 1 : 0);
    if (plan.is_jit.back() == 0) plan.lists[pick(random, 0, plan.roles.workers - 1)].push_back(t);
  }
  const bool drifts = plan.policy.kind != PolicyKind::kStatic && pick(random, 0, 1) == 0;
  for (std::uint32_t d = 0; d < plan.roles.dispatchers(); ++d)
    plan.phase_step.push_back(drifts ? 1 : 0);
}

}  // namespace

LaunchPlan random_launch(std::mt19937& random) {
  LaunchPlan plan;
  constexpr PolicyKind kKinds[] = {PolicyKind::kHybrid, PolicyKind::kHybrid, PolicyKind::kAot,
                                   PolicyKind::kJit, PolicyKind::kStatic};
  plan.policy.kind = kKinds[pick(random, 0, 4)];
  plan.policy.blocking_fifo = plan.policy.kind == PolicyKind::kHybrid && pick(random, 0, 1) == 0;
  plan.roles.workers = pick(random, 1, 3);
  plan.roles.schedulers = plan.policy.kind == PolicyKind::kStatic ? 0 : pick(random, 0, 2);
  wire(plan, random);
  place(plan, random);
  plan.capacities = needed_capacities(plan);
  return plan;
}

void mutate(LaunchPlan& plan, std::mt19937& random) {
  const std::uint32_t task = pick(random, 0, plan.tasks() - 1);
  const std::uint32_t event = pick(random, 1, plan.end_event());
  auto& list = plan.lists[pick(random, 0, plan.roles.workers - 1)];
  switch (pick(random, 0, 9)) {
    case 0:
      plan.trigger_count[event] += pick(random, 0, 1) == 0 ? 1u : ~0u;
      break;
    case 1:
      plan.dependent_event[task] = pick(random, 0, plan.end_event() - 1);
      break;
    case 2:
      plan.triggering_event[task] = event;
      break;
    case 3: {  // another edge, counted rightly
      --plan.trigger_count[plan.triggering_event[task]];
      plan.triggering_event[task] = event;
      ++plan.trigger_count[event];
      break;
    }
    case 4:
    case 5:
      if (list.size() > 1)
        std::swap(list[pick(random, 0, static_cast<std::uint32_t>(list.size()) - 1)], list[0]);
      break;
    case 6:
      if (!list.empty()) list.pop_back();
      break;
    case 7:
      list.push_back(task);
      break;
    case 8:
      plan.is_jit[task] ^= 1;
      break;
    default:
      if (pick(random, 0, 1) == 0 && plan.capacities.tasks > 0) --plan.capacities.tasks;
      if (pick(random, 0, 1) == 0 && plan.capacities.events > 0) --plan.capacities.events;
  }
}

}  // namespace mk::testing
