// Pass "dependencies": which operators' tiles must be ordered, and which of these orders follow
// from others.
//
// An operator depends on the most recent writer of what it reads (read after write), and on the
// most recent writer and the readers since of what it writes (write after write, write after read).
// Earlier writers need no edge: each write covers its whole tensor, so they come first by
// transitivity. An edge orders the tile pairs whose regions overlap.
#pragma once

#include <cstdint>
#include <vector>

#include "core/compiler/partition.h"
#include "core/compiler/tile_relation.h"

namespace mk::compiler {

// Two accesses to one tensor that must not change places: indexes into the operators' accesses.
struct AccessPair {
  std::uint32_t from_access = 0;
  std::uint32_t to_access = 0;
};

struct OperatorEdge {
  std::uint32_t from = 0;  // operators, from < to in program order
  std::uint32_t to = 0;
  std::vector<AccessPair> pairs{};  // at least one
};

struct DependencyGraph {
  std::vector<OperatorEdge> edges{};              // by `to`, then `from`
  std::vector<std::vector<std::uint32_t>> in{};   // by operator: edges
  std::vector<std::vector<std::uint32_t>> out{};  // by operator: edges
};

DependencyGraph find_dependencies(const PartitionedGraph& graph);

// The relations of an edge's access pairs: the edge orders what any of them relates.
std::vector<TileRelation> relations_of(const PartitionedGraph& graph, const OperatorEdge& edge);
bool is_complete(const std::vector<TileRelation>& relations);

// Drops each edge whose every tile pair is ordered by a path through other operators (residual
// connections). Tile by tile, so that what remains still orders everything. Where a check would
// cost too much the edge stays, which is safe.
DependencyGraph strip_transitive(const PartitionedGraph& graph, const DependencyGraph& all);

// Operators by (longest path from a source, program order): parallel chains advance together.
std::vector<std::uint32_t> lockstep_order(const DependencyGraph& graph);

}  // namespace mk::compiler
