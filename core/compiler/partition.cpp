#include "core/compiler/partition.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/check.h"

namespace mk::compiler {
namespace {

using Parts = std::array<std::int64_t, 3>;

// What the grid rules need to know about the graph around an operator.
struct Context {
  const ComputationGraph& graph;
  const CompileOptions& options;
  std::vector<TaskKind> reader{};  // by operator: kind of the next operator that reads its output
  std::vector<std::uint32_t> source{};  // by operator: the writer of what it reads first; kNoIndex
  bool has_experts = false;
};

Context context_of(const ComputationGraph& graph, const CompileOptions& options) {
  Context c{graph, options};
  c.reader.assign(graph.operators.size(), TaskKind::kEmpty);
  c.source.assign(graph.operators.size(), kNoIndex);
  std::vector<std::uint32_t> writer(graph.tensors.size(), kNoIndex);
  for (std::uint32_t o = 0; o < graph.operators.size(); ++o) {
    const Operator& op = graph.operators[o].op;
    c.has_experts |= op.kind == TaskKind::kExpertLinear;
    c.source[o] = writer[op.accesses[0].tensor.index];
    for (const Access& access : op.accesses) {
      const std::uint32_t from = writer[access.tensor.index];
      if (access.mode == AccessMode::kRead && from != kNoIndex &&
          c.reader[from] == TaskKind::kEmpty)
        c.reader[from] = op.kind;
    }
    for (const Access& access : op.accesses) {
      if (access.mode == AccessMode::kWrite) writer[access.tensor.index] = o;
    }
  }
  return c;
}

// The open code's grid_for_rmsnorm_linear_layer.
std::int64_t normed_linear_tasks(std::int64_t out) {
  if (out / 96 > 400) return out / 256;
  return out % 96 == 0 ? 96 : 64;
}

std::int64_t mpk_linear(const Context& c, std::uint32_t o) {
  const auto& p = std::get<LinearParams>(c.graph.operators[o].op.params);
  if (c.reader[o] == TaskKind::kArgmaxPartial) return c.options.workers;
  if (c.reader[o] == TaskKind::kTopkSoftmax) return 1;
  if (p.residual || c.reader[o] == TaskKind::kPut) return p.out / (c.has_experts ? 128 : 64);
  return normed_linear_tasks(p.out);
}

Parts mpk_expert_linear(const Context& c, std::uint32_t o) {
  const auto& p = std::get<MoeParams>(c.graph.operators[o].op.params);
  const std::int64_t slices = std::max<std::int64_t>(1, p.out / 128);
  return {c.options.workers / slices, slices, 1};
}

// Put and reduce are cut as the rows of what they send are written.
Parts as_written(const Context& c, std::uint32_t o, const std::vector<Operator>& before) {
  const std::uint32_t writer = c.source[o];
  if (writer == kNoIndex) return {1, 1, 1};
  const TensorId tensor = c.graph.operators[o].op.accesses[0].tensor;
  for (const Access& access : before[writer].accesses) {
    const DimCut& cut = access.cut[1];
    if (access.mode == AccessMode::kWrite && access.tensor == tensor &&
        cut.rule == DimCut::Rule::kEven)
      return {before[writer].grid.extent[cut.axis], 1, 1};
  }
  return {1, 1, 1};
}

Parts mpk_parts(const Context& c, std::uint32_t o) {
  const OperatorNode& node = c.graph.operators[o];
  const std::int64_t tokens = c.graph.batch_tokens;
  switch (node.op.kind) {
    case TaskKind::kEmbedding: {
      const bool fused = c.options.fusion != OperatorFusion::kNone;
      return {fused ? std::get<EmbeddingParams>(node.op.params).hidden / 64 : 1, 1, 1};
    }
    case TaskKind::kRmsNorm:
      return {tokens, 1, 1};
    case TaskKind::kLinear:
    case TaskKind::kNormLinear:
    case TaskKind::kSiluLinear:
      return {mpk_linear(c, o), 1, 1};
    case TaskKind::kAttention: {
      const auto& p = std::get<AttentionParams>(node.op.params);
      return {c.graph.requests, p.kv_heads, p.splits};
    }
    case TaskKind::kAttentionMerge:
      return {c.graph.requests, std::get<AttentionParams>(node.op.params).kv_heads, 1};
    case TaskKind::kSiluMul:
      return {normed_linear_tasks(2 * std::get<SiluMulParams>(node.op.params).width) / 2, 1, 1};
    case TaskKind::kArgmaxPartial:
      return {c.options.workers, 1, 1};
    case TaskKind::kExpertLinear:
      return mpk_expert_linear(c, o);
    case TaskKind::kExpertSiluMul:
      return {tokens, std::get<MoeParams>(node.op.params).top_k, 1};
    case TaskKind::kWeightedSum:
      return {tokens, std::get<MoeParams>(node.op.params).out / 256, 1};
    default:
      return {1, 1, 1};
  }
}

// First axis in full, the second as far as workers are left: requests and KV heads, tokens and
// slices, expert groups and rows.
Parts share_out(std::int64_t first, std::int64_t workers) {
  const std::int64_t a = std::max<std::int64_t>(1, std::min(first, workers));
  return {a, std::max<std::int64_t>(1, workers / a), 1};
}

Parts balanced_parts(const Context& c, std::uint32_t o) {
  const OperatorNode& node = c.graph.operators[o];
  const std::int64_t workers = c.options.workers;
  const std::int64_t tokens = c.graph.batch_tokens;
  switch (node.op.kind) {
    case TaskKind::kRmsNorm:
      return {std::min(tokens, workers), 1, 1};
    case TaskKind::kLinear:
    case TaskKind::kNormLinear:
    case TaskKind::kSiluLinear:
    case TaskKind::kSiluMul:
    case TaskKind::kArgmaxPartial:
      return {workers, 1, 1};
    case TaskKind::kAttention: {
      const std::int64_t splits = std::get<AttentionParams>(node.op.params).splits;
      const std::int64_t tasks = c.graph.requests * splits;
      return {c.graph.requests, (workers + tasks - 1) / tasks, splits};
    }
    case TaskKind::kAttentionMerge:
      return share_out(c.graph.requests, workers);
    case TaskKind::kExpertLinear: {
      const auto& p = std::get<MoeParams>(node.op.params);
      return share_out(std::min(p.experts, p.top_k * tokens), workers);
    }
    case TaskKind::kExpertSiluMul:
    case TaskKind::kWeightedSum:
      return share_out(tokens, workers);
    default:
      return {1, 1, 1};
  }
}

Parts parts_of(const Context& c, std::uint32_t o, const std::vector<Operator>& before) {
  const TaskKind kind = c.graph.operators[o].op.kind;
  if (kind == TaskKind::kPut || kind == TaskKind::kReduce) return as_written(c, o, before);
  return c.options.partition == Partition::kMpk ? mpk_parts(c, o) : balanced_parts(c, o);
}

Grid legal_grid(const OperatorNode& node, const Parts& parts) {
  Grid grid;
  for (std::size_t a = 0; a < node.axes.size(); ++a) {
    const std::int64_t n = std::clamp<std::int64_t>(parts[a], 1, node.axes[a].extent);
    grid.extent[a] = static_cast<std::uint32_t>(n);
  }
  return grid;
}

std::int64_t extent_of(const OperatorNode& node, std::size_t axis) {
  return axis < node.axes.size() ? node.axes[axis].extent : 1;
}

// Divisors of n, at most `most`, those nearest to `near` first.
std::vector<std::uint32_t> divisors(std::uint32_t n, std::int64_t most, std::uint32_t near) {
  std::vector<std::uint32_t> all;
  for (std::uint32_t d = 1; d <= n / d; ++d) {
    if (n % d != 0) continue;
    all.push_back(d);
    if (d != n / d) all.push_back(n / d);
  }
  std::erase_if(all, [&](std::uint32_t d) { return d > most; });
  const auto distance = [&](std::uint32_t d) { return d < near ? near - d : d - near; };
  std::sort(all.begin(), all.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(distance(a), a) < std::pair(distance(b), b);
  });
  return all;
}

// The grid of `tasks` tiles whose first axis is nearest to the partition's own, then its second.
// The parts of a split attention are fixed.
Result<Grid> grid_of(const OperatorNode& node, const Grid& own, std::uint32_t tasks) {
  const auto* attention = std::get_if<AttentionParams>(&node.op.params);
  const bool is_split = node.op.kind == TaskKind::kAttention && attention->splits > 1;
  for (const std::uint32_t x : divisors(tasks, extent_of(node, 0), own.extent[0])) {
    for (const std::uint32_t y : divisors(tasks / x, extent_of(node, 1), own.extent[1])) {
      const std::uint32_t z = tasks / x / y;
      if (is_split ? z == attention->splits : z <= extent_of(node, 2)) return Grid{{x, y, z}};
    }
  }
  std::vector<std::string> axes;
  for (const GridAxis& axis : node.axes)
    axes.push_back(fmt::format("{} {}", axis.extent, axis.what));
  return fail(
      ErrorCode::kInvalidInput,
      fmt::format("--set {}.tasks={}: cannot be cut so over {}", node.op.name, tasks,
                  axes.empty() ? "a single part" : fmt::format("{}", fmt::join(axes, " x "))));
}

Status check_names(const ComputationGraph& graph, const CompileOptions& options) {
  const std::vector<std::string> names = operator_names(graph);
  for (const auto& [name, tasks] : options.tasks_of) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      return fail(ErrorCode::kInvalidInput, fmt::format("--set {}.tasks: no such operator; there "
                                                        "are {}",
                                                        name, fmt::join(names, ", ")));
    if (tasks == 0)
      return fail(ErrorCode::kInvalidInput, fmt::format("--set {}.tasks: 0 tasks", name));
  }
  return {};
}

// The partial results of an argmax have one column a part, and so have their copies on peers.
void fit_partial_results(PartitionedGraph& graph) {
  std::vector<bool> is_partial(graph.tensors.size());
  for (const Operator& op : graph.operators) {
    for (std::size_t a = 0; a < op.accesses.size(); ++a) {
      const std::uint32_t tensor = op.accesses[a].tensor.index;
      Shape& shape = graph.tensors[tensor].shape;
      if (op.kind == TaskKind::kArgmaxPartial && op.accesses[a].mode == AccessMode::kWrite) {
        is_partial[tensor] = true;
        shape.extent[1] = op.grid.extent[0];
      } else if (op.kind == TaskKind::kPut && op.accesses[a].mode == AccessMode::kWrite) {
        const std::uint32_t sent = op.accesses[a - op.accesses.size() / 2].tensor.index;
        is_partial[tensor] = is_partial[sent];
        if (is_partial[sent]) shape.extent[1] = graph.tensors[sent].shape.extent[1];
      }
    }
  }
}

}  // namespace

Result<PartitionedGraph> partition(const ComputationGraph& graph, const CompileOptions& options) {
  if (Status status = check_names(graph, options); !status) return tl::unexpected(status.error());
  const Context context = context_of(graph, options);
  PartitionedGraph result{graph.tensors, {}};
  result.operators.reserve(graph.operators.size());
  for (std::uint32_t o = 0; o < graph.operators.size(); ++o) {
    const OperatorNode& node = graph.operators[o];
    Operator op = node.op;
    op.grid = legal_grid(node, parts_of(context, o, result.operators));
    if (const auto set = options.tasks_of.find(op.name); set != options.tasks_of.end()) {
      const Result<Grid> grid = grid_of(node, op.grid, set->second);
      if (!grid) return tl::unexpected(grid.error());
      op.grid = *grid;
    }
    result.operators.push_back(std::move(op));
  }
  fit_partial_results(result);
  return result;
}

}  // namespace mk::compiler
