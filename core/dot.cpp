#include "core/dot.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/graphviz.hpp>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

namespace mk {
namespace {

struct EdgeLabel {
  std::uint32_t events = 0;
};
using OperatorGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS,
                                            boost::no_property, EdgeLabel>;

// Operators that notify each event, each once.
std::vector<std::vector<std::uint32_t>> notifiers(const TaskGraph& graph) {
  std::vector<std::vector<std::uint32_t>> result(graph.event_count());
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    std::vector<std::uint32_t>& of = result[graph.tasks().triggering_event[t]];
    const std::uint32_t op = graph.tasks().op[t];
    if (std::find(of.begin(), of.end(), op) == of.end()) of.push_back(op);
  }
  return result;
}

OperatorGraph operator_graph(const TaskGraph& graph) {
  const auto from = notifiers(graph);
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> events;
  for (std::uint32_t e = 0; e < graph.event_count(); ++e) {
    std::vector<std::uint32_t> to;
    for (std::uint32_t t = graph.events().first_task[e]; t < graph.events().end_task[e]; ++t) {
      if (to.empty() || to.back() != graph.tasks().op[t]) to.push_back(graph.tasks().op[t]);
    }
    std::sort(to.begin(), to.end());
    to.erase(std::unique(to.begin(), to.end()), to.end());
    for (const std::uint32_t u : from[e]) {
      for (const std::uint32_t v : to) {
        if (u != v) ++events[{u, v}];
      }
    }
  }
  OperatorGraph result(graph.operators().size());
  for (const auto& [edge, count] : events)
    boost::add_edge(edge.first, edge.second, EdgeLabel{count}, result);
  return result;
}

struct OperatorRow {
  std::uint32_t tasks = 0;
  bool jit = false;
};

std::vector<OperatorRow> operator_rows(const TaskGraph& graph) {
  std::vector<OperatorRow> rows(graph.operators().size());
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    if (graph.tasks().kind[t] == TaskKind::kEmpty) continue;
    OperatorRow& row = rows[graph.tasks().op[t]];
    ++row.tasks;
    row.jit |= graph.tasks().label[t] == LaunchLabel::kJit;
  }
  return rows;
}

}  // namespace

std::string to_dot(const TaskGraph& graph) {
  const std::vector<OperatorRow> rows = operator_rows(graph);
  const OperatorGraph boosted = operator_graph(graph);
  std::ostringstream out;
  const auto write_node = [&](std::ostream& to, std::size_t o) {
    const Operator& op = graph.operators()[o];
    const std::string layer = op.layer ? fmt::format("L{}.", *op.layer) : std::string();
    const std::string label = fmt::format("{}{}\n{} x {}{}", layer, op.name, rows[o].tasks,
                                          name_of(op.kind), rows[o].jit ? ", JIT" : "");
    to << "[shape=box, label=" << boost::escape_dot_string(label) << "]";
  };
  const auto write_edge = [&](std::ostream& to, const OperatorGraph::edge_descriptor& e) {
    to << fmt::format("[label=\"{}\"]", boosted[e].events);
  };
  const auto write_graph = [&](std::ostream& to) {
    to << "label=" << boost::escape_dot_string(graph.info().model) << ";\n";
  };
  boost::write_graphviz(out, boosted, write_node, write_edge, write_graph);
  return out.str();
}

Status write_dot(const TaskGraph& graph, const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << to_dot(graph);
  file.close();
  if (!file) return fail(ErrorCode::kIo, fmt::format("{}: cannot be written", path));
  return {};
}

}  // namespace mk
