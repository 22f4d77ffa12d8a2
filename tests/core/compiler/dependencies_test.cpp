#include "core/compiler/dependencies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/transitive_reduction.hpp>
#include <numeric>
#include <random>
#include <set>

#include "core/compiler.h"
#include "tests/core/compiler/small_graphs.h"

namespace mk::compiler {
namespace {

using ::testing::ElementsAre;
using testing::SmallGraph;
using Edges = std::set<std::pair<std::uint32_t, std::uint32_t>>;

Edges edges_of(const DependencyGraph& graph) {
  Edges edges;
  for (const OperatorEdge& edge : graph.edges) edges.insert({edge.from, edge.to});
  return edges;
}

TEST(FindDependencies, SeesTheMostRecentWriterOnly) {
  SmallGraph g;
  const TensorId a = g.tensor(8), b = g.tensor(8);
  g.op(2, {}, a);
  g.op(2, {}, a);                    // writes again: after the first writer
  g.op(2, {SmallGraph::cut(a)}, b);  // reads the second
  g.op(2, {}, a);                    // after the second writer, and after who reads it
  EXPECT_EQ(edges_of(find_dependencies(g.graph())), (Edges{{0, 1}, {1, 2}, {1, 3}, {2, 3}}));
}

TEST(FindDependencies, AnOperatorInPlaceDependsOnOthersNotOnItself) {
  SmallGraph g;
  const TensorId a = g.tensor(8);
  g.op(2, {}, a);
  g.op(4, {SmallGraph::cut(a)}, a);
  EXPECT_EQ(edges_of(find_dependencies(g.graph())), (Edges{{0, 1}}));
}

// a -> b -> c and a -> c, all cut alike: c's task i needs a's task i, which comes before b's.
TEST(StripTransitive, DropsAResidualThatAPathOrders) {
  SmallGraph g;
  const TensorId a = g.tensor(8), b = g.tensor(8), c = g.tensor(8);
  g.op(4, {}, a);
  g.op(4, {SmallGraph::cut(a)}, b);
  g.op(4, {SmallGraph::cut(b), SmallGraph::cut(a)}, c);
  EXPECT_EQ(edges_of(strip_transitive(g.graph(), find_dependencies(g.graph()))),
            (Edges{{0, 1}, {1, 2}}));
}

// c reads all of a, but only its own part of b: the path does not order all pairs.
TEST(StripTransitive, KeepsAResidualThatNeedsMoreThanThePathOrders) {
  SmallGraph g;
  const TensorId a = g.tensor(8), b = g.tensor(8), c = g.tensor(8);
  g.op(4, {}, a);
  g.op(4, {SmallGraph::cut(a)}, b);
  g.op(4, {SmallGraph::cut(b), SmallGraph::whole(a)}, c);
  EXPECT_EQ(edges_of(strip_transitive(g.graph(), find_dependencies(g.graph()))),
            (Edges{{0, 1}, {0, 2}, {1, 2}}));
}

// Where every edge is a barrier, tiles do not matter: the textbook reduction is the reference.
TEST(StripTransitive, EqualsTheTransitiveReductionOfBarriers) {
  std::mt19937 random(3);
  for (int repeat = 0; repeat < 50; ++repeat) {
    SmallGraph g;
    std::vector<TensorId> outputs;
    using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;
    Graph full(9), reduced;
    for (std::uint32_t o = 0; o < 9; ++o) {
      std::vector<Access> reads;
      for (std::uint32_t u = 0; u < o; ++u) {
        if (random() % 3 != 0) continue;
        reads.push_back(SmallGraph::whole(outputs[u]));
        boost::add_edge(u, o, full);
      }
      outputs.push_back(g.tensor(6));
      g.op(1 + static_cast<std::uint32_t>(random() % 3), reads, outputs.back());
    }
    std::vector<std::size_t> to_reduced(9), ids(9);
    std::iota(ids.begin(), ids.end(), 0u);
    boost::transitive_reduction(full, reduced,
                                boost::make_iterator_property_map(
                                    to_reduced.begin(), boost::get(boost::vertex_index, full)),
                                boost::get(boost::vertex_index, full));
    std::vector<std::uint32_t> back(9);
    for (std::uint32_t o = 0; o < 9; ++o) back[to_reduced[o]] = o;
    Edges wanted;
    for (auto [e, end] = boost::edges(reduced); e != end; ++e)
      wanted.insert({back[boost::source(*e, reduced)], back[boost::target(*e, reduced)]});
    EXPECT_EQ(edges_of(strip_transitive(g.graph(), find_dependencies(g.graph()))), wanted);
  }
}

TEST(StripTransitive, MakesADecodeStepAChain) {
  for (const char* name : {"qwen3-0.6b", "llama-3.2-1b", "qwen3-30b-a3b"}) {
    for (const Partition partition_rule : {Partition::kMpk, Partition::kBalanced}) {
      CompileOptions options;
      options.partition = partition_rule;
      const auto graph = partition(*build_decode_step(*load_model(name), {}), options);
      ASSERT_TRUE(graph);
      const DependencyGraph kept = strip_transitive(*graph, find_dependencies(*graph));
      EXPECT_EQ(kept.edges.size(), graph->operators.size() - 1) << name;
    }
  }
}

TEST(LockstepOrder, AdvancesParallelChainsTogether) {
  SmallGraph g;
  const TensorId a = g.tensor(4), b = g.tensor(4), c = g.tensor(4), d = g.tensor(4),
                 e = g.tensor(4);
  g.op(1, {}, a);
  g.op(1, {SmallGraph::whole(a)}, b);  // one chain: 1, 2
  g.op(1, {SmallGraph::whole(b)}, c);
  g.op(1, {SmallGraph::whole(a)}, d);  // the other: 3, 4
  g.op(1, {SmallGraph::whole(d)}, e);
  EXPECT_THAT(lockstep_order(find_dependencies(g.graph())), ElementsAre(0, 1, 3, 2, 4));
}

}  // namespace
}  // namespace mk::compiler
