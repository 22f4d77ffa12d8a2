#include "core/compiler/event_family.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/check.h"

namespace mk::compiler {
namespace {

class UnionFind {
 public:
  explicit UnionFind(std::size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), 0u);
  }
  std::uint32_t root(std::uint32_t x) {
    while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
    return x;
  }
  void merge(std::uint32_t a, std::uint32_t b) {
    a = root(a);
    b = root(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::uint32_t> parent_;
};

// Axes and coordinates of all members, and which of them have been merged.
class Merging {
 public:
  explicit Merging(std::vector<Grid> grids)
      : grids_(std::move(grids)),
        first_(first_coordinates(grids_)),
        axes_(grids_.size() * 3),
        coordinates_(first_.back()),
        collapsed_(grids_.size() * 3, false) {}

  // Axis `a` of member `m` has no counterpart in some dependency: all its coordinates are one.
  void collapse(std::size_t m, std::size_t a) { collapsed_[axis(m, a)] = true; }

  void match(std::size_t from, std::size_t to, const SharedCut& cut) {
    const std::uint32_t p = grids_[from].extent[cut.from_axis];
    const std::uint32_t c = grids_[to].extent[cut.to_axis];
    const std::uint32_t parts = std::gcd(p, c);
    axes_.merge(axis(from, cut.from_axis), axis(to, cut.to_axis));
    merge_blocks(coordinate(from, cut.from_axis), p, p / parts);
    merge_blocks(coordinate(to, cut.to_axis), c, c / parts);
    for (std::uint32_t i = 0; i < c; ++i) {
      for (std::uint32_t j = cut.overlap[i].begin; j < cut.overlap[i].end; ++j)
        coordinates_.merge(coordinate(from, cut.from_axis) + j, coordinate(to, cut.to_axis) + i);
    }
  }

  // Collapses what is collapsed anywhere in an axis's class, and classes in which a member has two
  // axes (it cuts two dimensions along one axis).
  void settle() {
    std::vector<bool> whole(collapsed_.size());
    for (std::uint32_t x = 0; x < collapsed_.size(); ++x) {
      if (collapsed_[x]) whole[axes_.root(x)] = true;
      for (std::uint32_t y = x / 3 * 3; y < x; ++y) {
        if (axes_.root(x) == axes_.root(y)) whole[axes_.root(x)] = true;
      }
    }
    for (std::uint32_t x = 0; x < collapsed_.size(); ++x) collapsed_[x] = whole[axes_.root(x)];
  }

  bool is_collapsed(std::size_t m, std::size_t a) const { return collapsed_[axis(m, a)]; }
  std::uint32_t axis_class(std::size_t m, std::size_t a) { return axes_.root(axis(m, a)); }
  std::uint32_t block(std::size_t m, std::size_t a, std::uint32_t c) {
    return coordinates_.root(coordinate(m, a) + c);
  }
  const Grid& grid(std::size_t m) const { return grids_[m]; }
  std::size_t members() const { return grids_.size(); }

 private:
  static std::vector<std::uint32_t> first_coordinates(const std::vector<Grid>& grids) {
    std::vector<std::uint32_t> first{0};
    for (const Grid& grid : grids) {
      for (const std::uint32_t extent : grid.extent) first.push_back(first.back() + extent);
    }
    return first;
  }
  static std::uint32_t axis(std::size_t m, std::size_t a) {
    return static_cast<std::uint32_t>(m * 3 + a);
  }
  std::uint32_t coordinate(std::size_t m, std::size_t a) const { return first_[axis(m, a)]; }
  void merge_blocks(std::uint32_t first, std::uint32_t parts, std::uint32_t block) {
    for (std::uint32_t i = 0; i < parts; ++i)
      coordinates_.merge(first + i, first + i / block * block);
  }

  std::vector<Grid> grids_;
  std::vector<std::uint32_t> first_;
  UnionFind axes_;
  UnionFind coordinates_;
  std::vector<bool> collapsed_;
};

const OperatorEdge& edge_between(const DependencyGraph& d, std::uint32_t from, std::uint32_t to) {
  for (const std::uint32_t e : d.in[to]) {
    if (d.edges[e].from == from) return d.edges[e];
  }
  MK_CHECK(false, "a family's producers have edges to all its consumers");
  return d.edges[0];
}

void merge_edge(Merging& merging, std::size_t from, std::size_t to,
                const std::vector<TileRelation>& relations) {
  for (const TileRelation& relation : relations) {
    std::array<bool, 3> from_matched{};
    std::array<bool, 3> to_matched{};
    for (const SharedCut& cut : relation.shared_cuts()) {
      from_matched[cut.from_axis] = to_matched[cut.to_axis] = true;
      merging.match(from, to, cut);
    }
    for (std::size_t a = 0; a < 3; ++a) {
      if (!from_matched[a]) merging.collapse(from, a);
      if (!to_matched[a]) merging.collapse(to, a);
    }
  }
}

}  // namespace

EventFamily::EventFamily(const PartitionedGraph& graph, const DependencyGraph& dependencies,
                         std::vector<std::uint32_t> producers, std::vector<std::uint32_t> consumers,
                         bool barrier)
    : producers_(std::move(producers)), consumers_(std::move(consumers)) {
  device_ = graph.operators[consumers_.front()].device;
  weight_.resize(producers_.size() + consumers_.size());
  if (barrier) return;
  std::vector<Grid> grids;
  for (const std::uint32_t o : producers_) grids.push_back(graph.operators[o].grid);
  for (const std::uint32_t o : consumers_) grids.push_back(graph.operators[o].grid);
  Merging merging(std::move(grids));
  for (std::size_t p = 0; p < producers_.size(); ++p) {
    for (std::size_t c = 0; c < consumers_.size(); ++c) {
      const OperatorEdge& edge = edge_between(dependencies, producers_[p], consumers_[c]);
      merge_edge(merging, p, producers_.size() + c, relations_of(graph, edge));
    }
  }
  merging.settle();

  // Blocks are numbered within each class of axes, the classes are the digits of the event's index.
  std::map<std::uint32_t, std::uint32_t> stride;                           // by class
  std::map<std::uint32_t, std::map<std::uint32_t, std::uint32_t>> number;  // by class, by block
  for (std::size_t m = 0; m < merging.members(); ++m) {
    for (std::size_t a = 0; a < 3; ++a) {
      if (merging.is_collapsed(m, a)) continue;
      auto& blocks = number[merging.axis_class(m, a)];
      for (std::uint32_t c = 0; c < merging.grid(m).extent[a]; ++c)
        blocks.try_emplace(merging.block(m, a, c), static_cast<std::uint32_t>(blocks.size()));
    }
  }
  for (const auto& [axis_class, blocks] : number) {
    stride[axis_class] = events_;
    events_ *= static_cast<std::uint32_t>(blocks.size());
  }
  for (std::size_t m = 0; m < merging.members(); ++m) {
    for (std::size_t a = 0; a < 3; ++a) {
      if (merging.is_collapsed(m, a)) continue;
      const std::uint32_t axis_class = merging.axis_class(m, a);
      for (std::uint32_t c = 0; c < merging.grid(m).extent[a]; ++c)
        weight_[m][a].push_back(stride[axis_class] * number[axis_class].at(merging.block(m, a, c)));
    }
  }
}

std::uint32_t EventFamily::event_of(std::size_t member, const Grid& grid,
                                    std::uint32_t tile) const {
  const auto at = grid.coordinate(tile);
  std::uint32_t event = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    const std::vector<std::uint32_t>& weight = weight_[member][a];
    if (!weight.empty()) event += weight[at[a]];
  }
  return event;
}

namespace {

// One family to be.
struct Members {
  std::vector<std::uint32_t> producers{};
  std::vector<std::uint32_t> consumers{};
  bool barrier = false;
};

}  // namespace

std::vector<EventFamily> event_families(const PartitionedGraph& graph,
                                        const DependencyGraph& dependencies,
                                        const std::vector<bool>& is_barrier) {
  std::map<std::vector<std::uint32_t>, std::size_t> family_of;  // by consumers
  std::vector<Members> members;
  for (std::uint32_t o = 0; o < graph.operators.size(); ++o) {
    std::map<std::uint8_t, Members> by_device;
    for (const std::uint32_t e : dependencies.out[o]) {
      const std::uint32_t consumer = dependencies.edges[e].to;
      Members& own = by_device[graph.operators[consumer].device];
      own.consumers.push_back(consumer);
      own.barrier |= is_barrier[e];
    }
    for (auto& [device, own] : by_device) {
      const auto [at, is_new] = family_of.try_emplace(own.consumers, members.size());
      if (is_new) members.push_back({{}, own.consumers, false});
      members[at->second].producers.push_back(o);
      members[at->second].barrier |= own.barrier;
    }
  }
  std::vector<EventFamily> families;
  families.reserve(members.size());
  for (Members& m : members)
    families.emplace_back(graph, dependencies, std::move(m.producers), std::move(m.consumers),
                          m.barrier);
  return families;
}

}  // namespace mk::compiler
