#include "core/compiler/label.h"

#include <algorithm>

namespace mk::compiler {

std::vector<LaunchLabel> label_operators(const PartitionedGraph& graph,
                                         const DependencyGraph& dependencies,
                                         const std::vector<bool>& barrier) {
  std::vector<LaunchLabel> labels(graph.operators.size(), LaunchLabel::kAot);
  for (std::size_t o = 0; o < labels.size(); ++o) {
    const std::vector<std::uint32_t>& in = dependencies.in[o];
    const bool follows_jit = std::any_of(in.begin(), in.end(), [&](std::uint32_t e) {
      return labels[dependencies.edges[e].from] == LaunchLabel::kJit && !barrier[e];
    });
    if (follows_jit || facts(graph.operators[o].kind).data_dependent_length)
      labels[o] = LaunchLabel::kJit;
  }
  return labels;
}

}  // namespace mk::compiler
