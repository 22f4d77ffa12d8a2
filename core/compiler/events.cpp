#include "core/compiler/events.h"

#include <algorithm>

#include "core/check.h"
#include "core/compiler/event_family.h"
#include "core/compiler/event_set_table.h"

namespace mk::compiler {
namespace {

// Events of each operator's tiles, one entry a family that it is a consumer of.
struct Consumption {
  const EventFamily* family = nullptr;
  std::size_t member = 0;
  std::uint32_t first_event = 0;
};

void set_triggers(EventPlan& plan, const PartitionedGraph& graph, const EventFamily& family,
                  const std::vector<std::uint32_t>& first_task, std::uint32_t first_event) {
  for (std::size_t p = 0; p < family.producers().size(); ++p) {
    const std::uint32_t o = family.producers()[p];
    const Grid& grid = graph.operators[o].grid;
    for (std::uint32_t t = 0; t < grid.tiles(); ++t)
      plan.notifies[first_task[o] + t] = first_event + family.event_of(p, grid, t);
  }
}

void set_waits(EventPlan& plan, EventSetTable& sets, const Grid& grid, std::uint32_t first_task,
               const std::vector<Consumption>& consumptions,
               std::vector<std::uint32_t>& waiting_tasks) {
  std::vector<std::uint32_t> events;
  for (std::uint32_t t = 0; t < grid.tiles(); ++t) {
    events.clear();
    for (const Consumption& c : consumptions)
      events.push_back(c.first_event + c.family->event_of(c.member, grid, t));
    for (const std::uint32_t event : events) ++waiting_tasks[event];
    plan.waits_for[first_task + t] = sets.code(events);
  }
}

std::uint64_t count_pairs(const EventPlan& plan, const std::vector<std::uint32_t>& waiting_tasks) {
  std::uint64_t pairs = 0;
  for (const std::uint32_t event : plan.notifies) {
    if (event != kNoIndex) pairs += waiting_tasks[event];
  }
  return pairs;
}

void mark_barriers(EventPlan& plan, const DependencyGraph& dependencies,
                   const EventFamily& family) {
  for (const std::uint32_t producer : family.producers()) {
    for (const std::uint32_t e : dependencies.out[producer]) plan.barrier[e] = family.events() == 1;
  }
}

EventPlan plan_families(const PartitionedGraph& graph, const DependencyGraph& dependencies,
                        bool barrier) {
  const std::vector<std::uint32_t> first_task = first_tasks(graph);
  EventPlan plan;
  plan.waits_for.assign(first_task.back(), kNoIndex);
  plan.notifies.assign(first_task.back(), kNoIndex);
  plan.barrier.assign(dependencies.edges.size(), false);
  const std::vector<EventFamily> families = event_families(graph, dependencies, barrier);
  std::vector<std::vector<Consumption>> consumptions(graph.operators.size());
  for (const EventFamily& family : families) {
    set_triggers(plan, graph, family, first_task, plan.events);
    mark_barriers(plan, dependencies, family);
    for (std::size_t c = 0; c < family.consumers().size(); ++c)
      consumptions[family.consumers()[c]].push_back(
          {&family, family.producers().size() + c, plan.events});
    plan.events += family.events();
  }
  std::vector<std::uint32_t> waiting_tasks(plan.events, 0);
  EventSetTable sets(plan.sets);
  for (std::uint32_t o = 0; o < graph.operators.size(); ++o)
    set_waits(plan, sets, graph.operators[o].grid, first_task[o], consumptions[o], waiting_tasks);
  plan.task_pairs = count_pairs(plan, waiting_tasks);
  return plan;
}

}  // namespace

std::vector<std::uint32_t> first_tasks(const PartitionedGraph& graph) {
  std::vector<std::uint32_t> first{0};
  first.reserve(graph.operators.size() + 1);
  for (const Operator& op : graph.operators) first.push_back(first.back() + op.grid.tiles());
  return first;
}

EventPlan plan_gcd_events(const PartitionedGraph& graph, const DependencyGraph& dependencies) {
  return plan_families(graph, dependencies, false);
}

EventPlan plan_operator_events(const PartitionedGraph& graph, const DependencyGraph& dependencies) {
  return plan_families(graph, dependencies, true);
}

EventPlan plan_events(const PartitionedGraph& graph, const DependencyGraph& dependencies,
                      EventGranularity granularity) {
  switch (granularity) {
    case EventGranularity::kGcd:
      return plan_gcd_events(graph, dependencies);
    case EventGranularity::kExact:
      return plan_exact_events(graph, dependencies);
    case EventGranularity::kOperator:
      return plan_operator_events(graph, dependencies);
  }
  MK_CHECK(false, "an event granularity");
  return {};
}

}  // namespace mk::compiler
