// Graphs of a few operators with given numbers of tasks, for tests of single passes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "core/compiler/normalise.h"
#include "core/compiler/partition.h"

namespace mk::testing {

// normalise() of a graph on one device.
inline std::vector<compiler::EmptyTask> normalise(compiler::EventPlan& plan) {
  return compiler::normalise(plan, std::vector<std::uint8_t>(plan.notifies.size(), 0));
}

// One-dimensional tensors and operators that cut them along one axis.
class SmallGraph {
 public:
  TensorId tensor(std::int64_t extent) {
    graph_.tensors.push_back({"t" + std::to_string(graph_.tensors.size()), {extent}});
    return TensorId(static_cast<std::uint32_t>(graph_.tensors.size() - 1));
  }
  static Access whole(TensorId tensor) { return {tensor, AccessMode::kRead}; }
  static Access cut(TensorId tensor, std::int64_t granule = 1) {
    Access access{tensor, AccessMode::kRead};
    access.cut[0] = {DimCut::Rule::kEven, 0, granule};
    return access;
  }
  // Writes `written` cut into `tasks` parts; returns the operator's index.
  std::uint32_t op(std::uint32_t tasks, std::vector<Access> reads, TensorId written,
                   TaskKind kind = TaskKind::kLinear) {
    Operator op;
    op.name = "op" + std::to_string(graph_.operators.size());
    op.kind = kind;
    op.grid.extent = {tasks, 1, 1};
    op.accesses = std::move(reads);
    op.accesses.push_back(cut(written));
    op.accesses.back().mode = AccessMode::kWrite;
    graph_.operators.push_back(std::move(op));
    return static_cast<std::uint32_t>(graph_.operators.size() - 1);
  }
  const compiler::PartitionedGraph& graph() const { return graph_; }

 private:
  compiler::PartitionedGraph graph_{};
};

}  // namespace mk::testing
