#include "core/compiler/task_classes.h"

#include <array>
#include <unordered_map>

#include "core/compiler/task_costs.h"
#include "core/graph_hash.h"

namespace mk::compiler {
namespace {

// What a coordinate's cost can depend on: the lengths of the parts that it cuts, and which request,
// part of its context or expert group it is.
std::uint64_t coordinate_key(const PartitionedGraph& graph, const Operator& op, std::size_t axis,
                             std::uint32_t coordinate) {
  Fnv1a key;
  const bool has_identity = (op.kind == TaskKind::kAttention && axis != 1) ||
                            (op.kind == TaskKind::kExpertLinear && axis == 0);
  if (has_identity) key.add(coordinate);
  for (const Access& access : op.accesses) {
    for (std::size_t d = 0; d < kMaxRank; ++d) {
      const DimCut& cut = access.cut[d];
      if (cut.rule != DimCut::Rule::kEven || cut.axis != axis) continue;
      const PartRange part = part_range(graph.tensors[access.tensor.index].shape.extent[d],
                                        cut.granule, coordinate, op.grid.extent[axis]);
      key.add(part.end - part.begin);
    }
  }
  return key.value();
}

// Numbers the distinct keys of an axis.
std::vector<std::uint32_t> sizes_on_axis(const PartitionedGraph& graph, const Operator& op,
                                         std::size_t axis) {
  std::unordered_map<std::uint64_t, std::uint32_t> number;
  std::vector<std::uint32_t> sizes;
  sizes.reserve(op.grid.extent[axis]);
  for (std::uint32_t c = 0; c < op.grid.extent[axis]; ++c) {
    const auto next = static_cast<std::uint32_t>(number.size());
    sizes.push_back(number.try_emplace(coordinate_key(graph, op, axis, c), next).first->second);
  }
  return sizes;
}

}  // namespace

TaskClasses::TaskClasses(const PartitionedGraph& graph) : graph_(graph) {
  intern({});
  std::uint32_t groups = 0;
  for (const Operator& op : graph.operators) {
    first_expert_group_.push_back(groups);
    if (op.kind == TaskKind::kExpertLinear) groups += op.grid.extent[0];
  }
}

std::uint32_t TaskClasses::intern(const TaskClass& task_class) {
  Fnv1a hash;
  graph_fields::add_to(hash, task_class);
  std::vector<std::uint32_t>& candidates = by_hash_[hash.value()];
  for (const std::uint32_t c : candidates) {
    if (classes_[c] == task_class) return c;
  }
  candidates.push_back(static_cast<std::uint32_t>(classes_.size()));
  classes_.push_back(task_class);
  return candidates.back();
}

std::vector<std::uint32_t> TaskClasses::of_operator(std::uint32_t o) {
  const Operator& op = graph_.operators[o];
  std::array<std::vector<std::uint32_t>, 3> sizes;
  for (std::size_t a = 0; a < 3; ++a) sizes[a] = sizes_on_axis(graph_, op, a);
  std::map<std::array<std::uint32_t, 3>, std::uint32_t> known;
  std::vector<std::uint32_t> result;
  result.reserve(op.grid.tiles());
  for (std::uint32_t t = 0; t < op.grid.tiles(); ++t) {
    const auto at = op.grid.coordinate(t);
    const std::array key{sizes[0][at[0]], sizes[1][at[1]], sizes[2][at[2]]};
    auto found = known.find(key);
    if (found == known.end()) {
      const std::uint32_t c = intern(task_cost(graph_, op, t, first_expert_group_[o]));
      found = known.emplace(key, c).first;
    }
    result.push_back(found->second);
  }
  return result;
}

}  // namespace mk::compiler
