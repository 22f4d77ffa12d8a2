#include "gui/model/graph_view.h"

#include <algorithm>
#include <map>
#include <set>

namespace mk::gui {
namespace {

// Grows the neighbourhood event by event.
class Walk {
 public:
  Walk(const TraceGraph& graph, GraphNeighbourhood& out) : graph_(graph), out_(out) {
    for (std::uint32_t t = 0; t < graph.task_count(); ++t)
      producers_[graph.tasks.triggering_event[t]].push_back(t);
  }

  void run(std::uint32_t task, int steps) {
    const std::size_t centre = operator_node({task}, true);
    back(centre, {task}, steps);
    forth(centre, {task}, steps);
  }

 private:
  std::size_t operator_node(const std::vector<std::uint32_t>& tasks, bool is_centre) {
    const TraceOperator& op = graph_.op_of(tasks.front());
    GraphNode node;
    node.task = tasks.front();
    node.tasks = static_cast<std::uint32_t>(tasks.size());
    node.operator_name = op.name;
    node.is_centre = is_centre;
    const QString name = op.layer ? QStringLiteral("L%1.").arg(*op.layer) : QString();
    node.label = is_centre ? QString::fromStdString(graph_.task_name(tasks.front()))
                           : name + QString::fromStdString(op.name) +
                                 QStringLiteral(" × %1").arg(tasks.size());
    out_.nodes.push_back(node);
    return out_.nodes.size() - 1;
  }

  std::size_t event_node(std::uint32_t event, std::uint32_t task) {
    const auto [found, is_new] = events_.try_emplace(event, out_.nodes.size());
    if (!is_new) return found->second;
    GraphNode node;
    node.is_event = true;
    node.task = task;
    node.tasks = graph_.events.trigger_count[event];
    node.label =
        event == 0 ? QStringLiteral("begin")
        : event + 1 == graph_.event_count()
            ? QStringLiteral("end")
            : QStringLiteral("event %1\n%2 %3")
                  .arg(event)
                  .arg(node.tasks)
                  .arg(node.tasks == 1 ? QStringLiteral("arrival") : QStringLiteral("arrivals"));
    out_.nodes.push_back(node);
    return out_.nodes.size() - 1;
  }

  void join(std::size_t from, std::size_t to) { out_.edges.push_back({from, to, {}}); }

  std::map<std::uint32_t, std::vector<std::uint32_t>> by_operator(
      const std::vector<std::uint32_t>& tasks) const {
    std::map<std::uint32_t, std::vector<std::uint32_t>> groups;
    for (const std::uint32_t t : tasks) groups[graph_.tasks.op[t]].push_back(t);
    return groups;
  }

  void back(std::size_t node, const std::vector<std::uint32_t>& tasks, int steps) {
    std::set<std::uint32_t> events;
    for (const std::uint32_t t : tasks) events.insert(graph_.tasks.dependent_event[t]);
    for (const std::uint32_t event : events) {
      const bool is_known = events_.contains(event);
      const std::size_t at = event_node(event, tasks.front());
      join(at, node);
      if (is_known || steps == 0) continue;
      for (const auto& [op, group] : by_operator(producers_[event])) {
        const std::size_t producer = operator_node(group, false);
        join(producer, at);
        back(producer, group, steps - 1);
      }
    }
  }

  void forth(std::size_t node, const std::vector<std::uint32_t>& tasks, int steps) {
    std::set<std::uint32_t> events;
    for (const std::uint32_t t : tasks) events.insert(graph_.tasks.triggering_event[t]);
    for (const std::uint32_t event : events) {
      const bool is_known = events_.contains(event);
      const std::size_t at = event_node(event, tasks.front());
      join(node, at);
      if (is_known || steps == 0) continue;
      std::vector<std::uint32_t> launched;
      for (std::uint32_t t = graph_.events.first_task[event]; t < graph_.events.end_task[event];
           ++t)
        launched.push_back(t);
      for (const auto& [op, group] : by_operator(launched)) {
        const std::size_t consumer = operator_node(group, false);
        join(at, consumer);
        forth(consumer, group, steps - 1);
      }
    }
  }

  const TraceGraph& graph_;
  GraphNeighbourhood& out_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> producers_{};
  std::map<std::uint32_t, std::size_t> events_{};
};

}  // namespace

GraphNeighbourhood neighbourhood_of(const TraceGraph& graph, std::uint32_t task, int steps) {
  GraphNeighbourhood out;
  Walk(graph, out).run(task, steps);
  return out;
}

}  // namespace mk::gui
