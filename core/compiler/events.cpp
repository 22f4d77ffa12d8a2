#include "core/compiler/events.h"

#include "core/compiler/event_family.h"
#include "core/compiler/event_set_table.h"

namespace mk::compiler {
namespace {

// An operator's place in a family that it is a producer or consumer of.
struct Membership {
  const EventFamily* family = nullptr;
  std::size_t member = 0;
  std::uint32_t first_event = 0;
};

// The codes of an operator's tasks, in `codes` from its first task on; counts how often each event
// occurs.
void set_codes(std::vector<std::uint32_t>& codes, EventSetTable& sets, const Grid& grid,
               std::uint32_t first_task, const std::vector<Membership>& memberships,
               std::vector<std::uint32_t>& tasks_of_event) {
  std::vector<std::uint32_t> events;
  for (std::uint32_t t = 0; t < grid.tiles(); ++t) {
    events.clear();
    for (const Membership& m : memberships)
      events.push_back(m.first_event + m.family->event_of(m.member, grid, t));
    for (const std::uint32_t event : events) ++tasks_of_event[event];
    codes[first_task + t] = sets.code(events);
  }
}

void mark_barriers(EventPlan& plan, const PartitionedGraph& graph,
                   const DependencyGraph& dependencies, const EventFamily& family) {
  for (const std::uint32_t producer : family.producers()) {
    for (const std::uint32_t e : dependencies.out[producer]) {
      if (graph.operators[dependencies.edges[e].to].device == family.device())
        plan.barrier[e] = family.events() == 1;
    }
  }
}

// Which edges are ordered as a whole: all, or those of communication.
std::vector<bool> barriers(const PartitionedGraph& graph, const DependencyGraph& dependencies,
                           bool all, bool overlap) {
  std::vector<bool> result(dependencies.edges.size(), all);
  if (all || overlap) return result;
  for (std::size_t e = 0; e < result.size(); ++e) {
    const TaskKind from = graph.operators[dependencies.edges[e].from].kind;
    const TaskKind to = graph.operators[dependencies.edges[e].to].kind;
    result[e] = from == TaskKind::kPut || to == TaskKind::kPut || to == TaskKind::kReduce;
  }
  return result;
}

}  // namespace

EventPlan plan_family_events(const PartitionedGraph& graph, const DependencyGraph& dependencies,
                             const std::vector<bool>& is_barrier) {
  const std::vector<std::uint32_t> first_task = first_tasks(graph);
  EventPlan plan;
  plan.waits_for.assign(first_task.back(), kNoIndex);
  plan.notifies.assign(first_task.back(), kNoIndex);
  plan.barrier.assign(dependencies.edges.size(), false);
  const std::vector<EventFamily> families = event_families(graph, dependencies, is_barrier);
  std::vector<std::vector<Membership>> produces(graph.operators.size());
  std::vector<std::vector<Membership>> consumes(graph.operators.size());
  for (const EventFamily& family : families) {
    mark_barriers(plan, graph, dependencies, family);
    std::size_t member = 0;
    for (const std::uint32_t o : family.producers())
      produces[o].push_back({&family, member++, plan.events});
    for (const std::uint32_t o : family.consumers())
      consumes[o].push_back({&family, member++, plan.events});
    plan.events += family.events();
    plan.device.resize(plan.events, family.device());
  }
  std::vector<std::uint32_t> notifying(plan.events, 0);  // tasks, by event
  std::vector<std::uint32_t> waiting(plan.events, 0);
  EventSetTable sets(plan.sets);
  for (std::uint32_t o = 0; o < graph.operators.size(); ++o) {
    const Grid& grid = graph.operators[o].grid;
    set_codes(plan.notifies, sets, grid, first_task[o], produces[o], notifying);
    set_codes(plan.waits_for, sets, grid, first_task[o], consumes[o], waiting);
  }
  for (std::uint32_t e = 0; e < plan.events; ++e)
    plan.task_pairs += std::uint64_t{notifying[e]} * waiting[e];
  return plan;
}

std::vector<std::uint32_t> first_tasks(const PartitionedGraph& graph) {
  std::vector<std::uint32_t> first{0};
  first.reserve(graph.operators.size() + 1);
  for (const Operator& op : graph.operators) first.push_back(first.back() + op.grid.tiles());
  return first;
}

EventPlan plan_events(const PartitionedGraph& graph, const DependencyGraph& dependencies,
                      EventGranularity granularity, bool overlap) {
  const bool all = granularity == EventGranularity::kOperator;
  const std::vector<bool> is_barrier = barriers(graph, dependencies, all, overlap);
  return granularity == EventGranularity::kExact
             ? plan_exact_events(graph, dependencies, is_barrier)
             : plan_family_events(graph, dependencies, is_barrier);
}

}  // namespace mk::compiler
