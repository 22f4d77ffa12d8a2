#include "core/compiler/dependencies.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dag_shortest_paths.hpp>
#include <map>
#include <numeric>

#include "core/check.h"

namespace mk::compiler {
namespace {

// Who touched a tensor last: operator and access.
struct Touch {
  std::uint32_t op = 0;
  std::uint32_t access = 0;
};
struct TensorHistory {
  std::vector<Touch> writes{};  // of the most recent writer
  std::vector<Touch> reads{};   // since then
};

class EdgeCollector {
 public:
  explicit EdgeCollector(std::uint32_t to) : to_(to) {}

  void add(const std::vector<Touch>& earlier, std::uint32_t access) {
    for (const Touch& touch : earlier) {
      if (touch.op != to_) edges_[touch.op].push_back({touch.access, access});
    }
  }
  void move_into(std::vector<OperatorEdge>& edges) {
    for (auto& [from, pairs] : edges_) edges.push_back({from, to_, std::move(pairs)});
  }

 private:
  std::uint32_t to_;
  std::map<std::uint32_t, std::vector<AccessPair>> edges_{};
};

void collect(const Operator& op, const std::vector<TensorHistory>& history,
             EdgeCollector& collector) {
  for (std::uint32_t a = 0; a < op.accesses.size(); ++a) {
    const TensorHistory& of = history[op.accesses[a].tensor.index];
    collector.add(of.writes, a);
    if (op.accesses[a].mode == AccessMode::kWrite) collector.add(of.reads, a);
  }
}

void remember(std::uint32_t o, const Operator& op, std::vector<TensorHistory>& history) {
  for (const Access& access : op.accesses) {
    if (access.mode == AccessMode::kWrite) history[access.tensor.index] = {};
  }
  for (std::uint32_t a = 0; a < op.accesses.size(); ++a) {
    TensorHistory& of = history[op.accesses[a].tensor.index];
    (op.accesses[a].mode == AccessMode::kWrite ? of.writes : of.reads).push_back({o, a});
  }
}

void index_edges(DependencyGraph& graph, std::size_t operators) {
  graph.in.assign(operators, {});
  graph.out.assign(operators, {});
  for (std::uint32_t e = 0; e < graph.edges.size(); ++e) {
    graph.in[graph.edges[e].to].push_back(e);
    graph.out[graph.edges[e].from].push_back(e);
  }
}

}  // namespace

DependencyGraph find_dependencies(const PartitionedGraph& graph) {
  DependencyGraph result;
  std::vector<TensorHistory> history(graph.tensors.size());
  for (std::uint32_t o = 0; o < graph.operators.size(); ++o) {
    EdgeCollector collector(o);
    collect(graph.operators[o], history, collector);
    collector.move_into(result.edges);
    remember(o, graph.operators[o], history);
  }
  index_edges(result, graph.operators.size());
  return result;
}

std::vector<TileRelation> relations_of(const PartitionedGraph& graph, const OperatorEdge& edge) {
  const Operator& from = graph.operators[edge.from];
  const Operator& to = graph.operators[edge.to];
  std::vector<TileRelation> relations;
  relations.reserve(edge.pairs.size());
  for (const AccessPair& pair : edge.pairs) {
    const Access& a = from.accesses[pair.from_access];
    relations.emplace_back(from, a, to, to.accesses[pair.to_access], graph.tensors[a.tensor.index]);
  }
  return relations;
}

bool is_complete(const std::vector<TileRelation>& relations) {
  return std::any_of(relations.begin(), relations.end(),
                     [](const TileRelation& r) { return r.complete(); });
}

std::vector<std::uint32_t> lockstep_order(const DependencyGraph& graph) {
  using Graph =
      boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property,
                            boost::property<boost::edge_weight_t, int>>;
  const std::size_t operators = graph.in.size();
  const std::size_t source = operators;  // before everything, so that one search finds all depths
  Graph boosted(operators + 1);
  for (std::size_t o = 0; o < operators; ++o) boost::add_edge(source, o, 0, boosted);
  for (const OperatorEdge& edge : graph.edges) boost::add_edge(edge.from, edge.to, -1, boosted);
  std::vector<int> minus_depth(operators + 1);
  boost::dag_shortest_paths(boosted, source,
                            boost::distance_map(boost::make_iterator_property_map(
                                minus_depth.begin(), boost::get(boost::vertex_index, boosted))));
  std::vector<std::uint32_t> order(operators);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return minus_depth[a] > minus_depth[b];
  });
  return order;
}

}  // namespace mk::compiler
