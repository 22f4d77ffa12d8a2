// Exact events. Fused from the consumers' side: tasks whose predecessors are the same set share an
// event (those on one device), which is what successor-set fusion followed by predecessor-set
// fusion leaves.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/compiler/event_set_table.h"
#include "core/compiler/events.h"

namespace mk::compiler {
namespace {

using Runs = std::vector<std::uint32_t>;  // begin, end, begin, end ...: ascending, never touching

struct Predecessors {
  std::vector<Interval> runs{};

  void add(std::uint32_t task) {
    if (!runs.empty() && runs.back().end == task) {
      ++runs.back().end;
    } else {
      runs.push_back({task, task + 1});
    }
  }
  // Sorted and joined: equal sets become equal lists.
  Runs canonical() {
    std::sort(runs.begin(), runs.end(),
              [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
    Runs result;
    for (const Interval& run : runs) {
      if (!result.empty() && run.begin <= result.back()) {
        result.back() = std::max(result.back(), run.end);
      } else {
        result.insert(result.end(), {run.begin, run.end});
      }
    }
    return result;
  }
};

struct IncomingEdge {
  std::uint32_t first_task = 0;
  Grid grid{};
  std::vector<TileRelation> relations{};
  bool is_barrier = false;
};

Runs predecessors_of(const std::vector<IncomingEdge>& edges, std::uint32_t tile) {
  Predecessors found;
  for (const IncomingEdge& edge : edges) {
    for (const TileRelation& relation : edge.relations) {
      const TileBox box = relation.overlapping(tile);
      if (edge.is_barrier || box.tiles() == edge.grid.tiles()) {
        found.runs.push_back({edge.first_task, edge.first_task + edge.grid.tiles()});
      } else {
        box.for_each(edge.grid, [&](std::uint32_t t) { found.add(edge.first_task + t); });
      }
    }
  }
  return found.canonical();
}

std::uint64_t size_of(const Runs& runs) {
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < runs.size(); i += 2) size += runs[i + 1] - runs[i];
  return size;
}

// Gives tasks with equal predecessors one event.
class ExactEvents {
 public:
  ExactEvents(EventPlan& plan) : plan_(plan) {}

  void wait(std::uint32_t task, std::uint8_t device, const Runs& predecessors) {
    if (predecessors.empty()) return;
    plan_.task_pairs += size_of(predecessors);
    const auto [at, is_new] = events_[device].try_emplace(predecessors, plan_.events);
    if (is_new) {
      ++plan_.events;
      plan_.device.push_back(device);
      triggers_.push_back(predecessors);
    }
    plan_.waits_for[task] = at->second;
  }

  // Turns "tasks of an event" round into "events of a task".
  void set_triggers() {
    const std::size_t tasks = plan_.notifies.size();
    std::vector<std::uint32_t> first(tasks + 1, 0);
    for_each_trigger([&](std::uint32_t task, std::uint32_t) { ++first[task + 1]; });
    for (std::size_t t = 0; t < tasks; ++t) first[t + 1] += first[t];
    std::vector<std::uint32_t> events(first.back());
    std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
    for_each_trigger(
        [&](std::uint32_t task, std::uint32_t event) { events[next[task]++] = event; });
    EventSetTable sets(plan_.sets);
    std::vector<std::uint32_t> list;
    for (std::size_t t = 0; t < tasks; ++t) {
      list.assign(events.begin() + first[t], events.begin() + first[t + 1]);
      plan_.notifies[t] = sets.code(list);
    }
  }

 private:
  template <typename F>
  void for_each_trigger(F&& f) const {
    for (std::uint32_t event = 0; event < triggers_.size(); ++event) {
      const Runs& runs = triggers_[event];
      for (std::size_t i = 0; i < runs.size(); i += 2) {
        for (std::uint32_t task = runs[i]; task < runs[i + 1]; ++task) f(task, event);
      }
    }
  }

  EventPlan& plan_;
  // By device of the waiting tasks.
  std::map<std::uint8_t, std::unordered_map<Runs, std::uint32_t, ListHash>> events_{};
  std::vector<Runs> triggers_{};  // by event
};

}  // namespace

EventPlan plan_exact_events(const PartitionedGraph& graph, const DependencyGraph& dependencies,
                            const std::vector<bool>& is_barrier) {
  const std::vector<std::uint32_t> first_task = first_tasks(graph);
  EventPlan plan;
  plan.waits_for.assign(first_task.back(), kNoIndex);
  plan.notifies.assign(first_task.back(), kNoIndex);
  plan.barrier.assign(dependencies.edges.size(), false);
  ExactEvents events(plan);
  for (std::uint32_t o = 0; o < graph.operators.size(); ++o) {
    std::vector<IncomingEdge> edges;
    for (const std::uint32_t e : dependencies.in[o]) {
      const OperatorEdge& edge = dependencies.edges[e];
      edges.push_back({first_task[edge.from], graph.operators[edge.from].grid,
                       relations_of(graph, edge), is_barrier[e]});
      plan.barrier[e] = is_barrier[e] || is_complete(edges.back().relations);
    }
    for (std::uint32_t t = 0; t < graph.operators[o].grid.tiles(); ++t)
      events.wait(first_task[o] + t, graph.operators[o].device, predecessors_of(edges, t));
  }
  events.set_triggers();
  return plan;
}

}  // namespace mk::compiler
