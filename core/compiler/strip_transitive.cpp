// Transitive reduction by operator pairs, decided by tile pairs: which tiles of `from` come before
// each tile of the operators between, as sets of bits, until a barrier makes all of them "all".
#include <algorithm>
#include <bit>
#include <optional>

#include "core/compiler/dependencies.h"

namespace mk::compiler {
namespace {

// Past this many words of bit sets an edge is kept unexamined.
constexpr std::uint64_t kMaxWork = std::uint64_t{1} << 24;

// For each tile of one operator, the tiles of `from` that come before it.
struct Reached {
  enum class State { kNothing, kSome, kAll };
  State state = State::kNothing;
  std::vector<std::uint64_t> bits{};  // kSome: words_ a tile
};

class EdgeCheck {
 public:
  EdgeCheck(const PartitionedGraph& graph, const DependencyGraph& all, std::uint32_t from,
            std::uint32_t to)
      : graph_(graph),
        all_(all),
        from_(from),
        to_(to),
        from_tiles_(graph.operators[from].grid.tiles()),
        words_((from_tiles_ + 63) / 64),
        reached_(to - from + 1) {}

  // Whether all pairs of the edge from -> to are ordered without it.
  bool redundant(const OperatorEdge& edge) {
    for (std::uint32_t o = from_ + 1; o <= to_; ++o) {
      if (!visit(o)) return false;
    }
    const Reached& at_end = reached_[to_ - from_];
    if (at_end.state != Reached::State::kSome) return at_end.state == Reached::State::kAll;
    const std::vector<TileRelation> relations = relations_of(graph_, edge);
    for (std::uint32_t t = 0; t < graph_.operators[to_].grid.tiles(); ++t) {
      if (!covers(at_end, t, relations)) return false;
    }
    return true;
  }

 private:
  Grid grid(std::uint32_t op) const { return graph_.operators[op].grid; }

  // Joins what the operators before `o` have reached; false iff that costs too much.
  bool visit(std::uint32_t o) {
    Reached& r = reached_[o - from_];
    for (const std::uint32_t e : all_.in[o]) {
      const OperatorEdge& edge = all_.edges[e];
      const bool direct = edge.from == from_;
      if (edge.from < from_ || (direct && o == to_)) continue;
      if (!direct && reached_[edge.from - from_].state == Reached::State::kNothing) continue;
      if (!join(r, edge)) return false;
      if (r.state == Reached::State::kAll) return true;
    }
    if (r.state == Reached::State::kSome && is_all(r, grid(o).tiles())) {
      r.state = Reached::State::kAll;
      r.bits = {};
    }
    return true;
  }

  bool join(Reached& r, const OperatorEdge& edge) {
    const std::vector<TileRelation> relations = relations_of(graph_, edge);
    const bool direct = edge.from == from_;
    const bool before_all = direct || reached_[edge.from - from_].state == Reached::State::kAll;
    if (before_all && (direct ? is_complete(relations) : every_tile_waits(edge, relations))) {
      r.state = Reached::State::kAll;
      return true;
    }
    const std::uint64_t tiles = grid(edge.to).tiles();
    work_ += tiles * words_ * (direct ? 1 : grid(edge.from).tiles());
    if (work_ > kMaxWork) return false;
    if (r.state == Reached::State::kNothing) r.bits.assign(tiles * words_, 0);
    r.state = Reached::State::kSome;
    for (std::uint32_t t = 0; t < tiles; ++t) {
      for (const TileRelation& relation : relations)
        relation.overlapping(t).for_each(grid(edge.from),
                                         [&](std::uint32_t tile) { add(r, t, edge.from, tile); });
    }
    return true;
  }

  bool every_tile_waits(const OperatorEdge& edge, const std::vector<TileRelation>& relations) {
    for (std::uint32_t t = 0; t < grid(edge.to).tiles(); ++t) {
      if (std::all_of(relations.begin(), relations.end(),
                      [&](const TileRelation& r) { return r.overlapping(t).empty(); }))
        return false;
    }
    return true;
  }

  // Tile `t` of the operator of `r` comes after `tile` of `op`, and so after all that `tile` does.
  void add(Reached& r, std::uint32_t t, std::uint32_t op, std::uint32_t tile) {
    std::uint64_t* bits = &r.bits[std::size_t{t} * words_];
    if (op == from_) {
      bits[tile / 64] |= std::uint64_t{1} << (tile % 64);
      return;
    }
    const Reached& before = reached_[op - from_];
    for (std::uint32_t w = 0; w < words_; ++w) {
      bits[w] |= before.state == Reached::State::kAll ? all_bits(w)
                                                      : before.bits[std::size_t{tile} * words_ + w];
    }
  }

  std::uint64_t all_bits(std::uint32_t word) const {
    const std::uint32_t left = from_tiles_ - word * 64;
    return left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
  }

  bool is_all(const Reached& r, std::uint32_t tiles) const {
    std::uint64_t set = 0;
    for (const std::uint64_t word : r.bits) set += static_cast<std::uint64_t>(std::popcount(word));
    return set == std::uint64_t{tiles} * from_tiles_;
  }

  bool covers(const Reached& r, std::uint32_t t, const std::vector<TileRelation>& relations) const {
    bool all = true;
    for (const TileRelation& relation : relations) {
      relation.overlapping(t).for_each(grid(from_), [&](std::uint32_t tile) {
        all &= (r.bits[std::size_t{t} * words_ + tile / 64] >> (tile % 64) & 1) != 0;
      });
    }
    return all;
  }

  const PartitionedGraph& graph_;
  const DependencyGraph& all_;
  std::uint32_t from_;
  std::uint32_t to_;
  std::uint32_t from_tiles_;
  std::uint32_t words_;
  std::uint64_t work_ = 0;
  std::vector<Reached> reached_;
};

}  // namespace

// All edges are checked against the full relation: redundant pairs of an acyclic relation can be
// dropped together, since each has a path of pairs that are not redundant.
DependencyGraph strip_transitive(const PartitionedGraph& graph, const DependencyGraph& all) {
  DependencyGraph kept;
  kept.in.resize(graph.operators.size());
  kept.out.resize(graph.operators.size());
  for (const OperatorEdge& edge : all.edges) {
    const bool alone = all.in[edge.to].size() == 1 || all.out[edge.from].size() == 1;
    if (!alone && EdgeCheck(graph, all, edge.from, edge.to).redundant(edge)) continue;
    const auto e = static_cast<std::uint32_t>(kept.edges.size());
    kept.in[edge.to].push_back(e);
    kept.out[edge.from].push_back(e);
    kept.edges.push_back(edge);
  }
  return kept;
}

}  // namespace mk::compiler
