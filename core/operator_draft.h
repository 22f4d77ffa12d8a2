// An operator under construction: what ComputationGraphBuilder's functions say an operator reads
// and writes, line by line. Private to the builder's own files.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "core/computation_graph_builder.h"

namespace mk {

constexpr DimCut even_cut(std::uint8_t axis, std::int64_t granule = 1) {
  return {DimCut::Rule::kEven, axis, granule};
}
constexpr DimCut dynamic_cut(std::uint8_t axis) { return {DimCut::Rule::kDynamic, axis, 1}; }
constexpr DimCut no_cut() { return {}; }

struct ComputationGraphBuilder::Draft {
  OperatorNode node{};

  Draft& axis(std::string what, std::int64_t extent) {
    node.axes.push_back({std::move(what), extent});
    return *this;
  }
  Draft& access(AccessMode mode, TensorId tensor, std::initializer_list<DimCut> cuts) {
    Access access{tensor, mode};
    std::copy(cuts.begin(), cuts.end(), access.cut.begin());
    node.op.accesses.push_back(access);
    return *this;
  }
  Draft& read(TensorId tensor, std::initializer_list<DimCut> cuts = {}) {
    return access(AccessMode::kRead, tensor, cuts);
  }
  Draft& write(TensorId tensor, std::initializer_list<DimCut> cuts) {
    return access(AccessMode::kWrite, tensor, cuts);
  }
  Draft& read(TensorId tensor, const std::array<DimCut, kMaxRank>& cut) {
    node.op.accesses.push_back({tensor, AccessMode::kRead, cut});
    return *this;
  }
  Draft& write(TensorId tensor, const std::array<DimCut, kMaxRank>& cut) {
    node.op.accesses.push_back({tensor, AccessMode::kWrite, cut});
    return *this;
  }
};

}  // namespace mk
