#include "core/computation_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_set>

namespace mk {
namespace {

std::string label_of(const Operator& op) {
  return op.layer ? fmt::format("L{}.{}", *op.layer, op.name) : op.name;
}

tl::unexpected<Error> refuse(const Operator& op, std::string_view why) {
  return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}", label_of(op), why));
}

std::int64_t granules(const Tensor& tensor, std::size_t dimension, const DimCut& cut) {
  return (tensor.shape.extent[dimension] + cut.granule - 1) / cut.granule;
}

Status check_cuts(const ComputationGraph& graph, const OperatorNode& node, const Access& access) {
  const Tensor& tensor = graph.tensors[access.tensor.index];
  for (std::size_t d = 0; d < kMaxRank; ++d) {
    const DimCut& cut = access.cut[d];
    if (cut.rule == DimCut::Rule::kWhole) continue;
    if (cut.axis >= node.axes.size() || cut.granule < 1)
      return refuse(node.op, fmt::format("{}: axis {} of {}, granule {}", tensor.name, cut.axis,
                                         node.axes.size(), cut.granule));
    if (cut.rule == DimCut::Rule::kEven && node.axes[cut.axis].extent > granules(tensor, d, cut))
      return refuse(node.op, fmt::format("axis {} has {} parts, but {} has {} in dimension {}",
                                         cut.axis, node.axes[cut.axis].extent, tensor.name,
                                         granules(tensor, d, cut), d));
  }
  return {};
}

bool cuts_axis(const Access& access, std::size_t axis) {
  return std::any_of(access.cut.begin(), access.cut.end(), [&](const DimCut& cut) {
    return cut.rule != DimCut::Rule::kWhole && cut.axis == axis;
  });
}

// Whether tiles that differ on `axis` touch different parts through both accesses.
bool part_alike(const Access& a, const Access& b, std::size_t axis) {
  for (std::size_t d = 0; d < kMaxRank; ++d) {
    if (a.cut[d] == b.cut[d] && a.cut[d].rule != DimCut::Rule::kWhole && a.cut[d].axis == axis)
      return true;
  }
  return false;
}

Status check_tiles_apart(const ComputationGraph& graph, const OperatorNode& node) {
  for (const Access& write : node.op.accesses) {
    if (write.mode != AccessMode::kWrite) continue;
    const std::string& tensor = graph.tensors[write.tensor.index].name;
    for (std::size_t axis = 0; axis < node.axes.size(); ++axis) {
      if (node.axes[axis].extent == 1) continue;
      if (!cuts_axis(write, axis))
        return refuse(node.op, fmt::format("tiles along axis {} all write the same part of {}",
                                           axis, tensor));
      for (const Access& other : node.op.accesses) {
        if (&other == &write || other.tensor != write.tensor) continue;
        if (!part_alike(write, other, axis))
          return refuse(node.op, fmt::format("tiles touch what other tiles write of {}", tensor));
      }
    }
  }
  return {};
}

// What passes and bodies rely on: parameters of the kind's type, and this many reads and writes.
struct KindForm {
  TaskKind kind;
  std::size_t params;  // index into OperatorParams
  std::size_t reads;   // at least
  std::size_t writes;  // kPut: as many as reads
};

template <typename P>
constexpr std::size_t params_index() {
  return OperatorParams(std::in_place_type<P>).index();
}

const KindForm kForms[] = {
    {TaskKind::kEmbedding, params_index<EmbeddingParams>(), 2, 1},
    {TaskKind::kRmsNorm, params_index<RmsNormParams>(), 2, 1},
    {TaskKind::kLinear, params_index<LinearParams>(), 2, 1},
    {TaskKind::kNormLinear, params_index<LinearParams>(), 3, 1},
    {TaskKind::kSiluLinear, params_index<LinearParams>(), 2, 1},
    {TaskKind::kAttention, params_index<AttentionParams>(), 3, 3},
    {TaskKind::kAttentionMerge, params_index<AttentionParams>(), 1, 1},
    {TaskKind::kSiluMul, params_index<SiluMulParams>(), 1, 1},
    {TaskKind::kArgmaxPartial, params_index<ArgmaxParams>(), 1, 2},
    {TaskKind::kArgmaxReduce, params_index<ArgmaxParams>(), 2, 1},
    {TaskKind::kTopkSoftmax, params_index<MoeParams>(), 1, 3},
    {TaskKind::kExpertLinear, params_index<MoeParams>(), 4, 1},
    {TaskKind::kExpertSiluMul, params_index<MoeParams>(), 1, 1},
    {TaskKind::kWeightedSum, params_index<MoeParams>(), 2, 1},
    {TaskKind::kPut, params_index<AllReduceParams>(), 1, 1},
    {TaskKind::kReduce, params_index<AllReduceParams>(), 2, 1},
};

Status check_form(const Operator& op) {
  const auto form = std::find_if(std::begin(kForms), std::end(kForms),
                                 [&](const KindForm& f) { return f.kind == op.kind; });
  if (form == std::end(kForms))
    return fail(ErrorCode::kUnsupported, fmt::format("{}: the compiler makes no operators of kind "
                                                     "{} yet",
                                                     label_of(op), name_of(op.kind)));
  const auto reads = static_cast<std::size_t>(
      std::find_if(op.accesses.begin(), op.accesses.end(),
                   [](const Access& a) { return a.mode == AccessMode::kWrite; }) -
      op.accesses.begin());
  const std::size_t writes = op.accesses.size() - reads;
  const bool reads_first =
      std::all_of(op.accesses.begin() + static_cast<std::ptrdiff_t>(reads), op.accesses.end(),
                  [](const Access& a) { return a.mode == AccessMode::kWrite; });
  if (op.params.index() != form->params)
    return refuse(op, fmt::format("its parameters are not those of kind {}", name_of(op.kind)));
  const std::size_t wanted = op.kind == TaskKind::kPut ? reads : form->writes;
  if (reads < form->reads || writes != wanted || !reads_first)
    return refuse(op, fmt::format("kind {} has at least {} reads, then {} writes", name_of(op.kind),
                                  form->reads, form->writes));
  return {};
}

// Columns of the output are cut where their pairs of rows are. Requires: check_form() is content,
// and tensors exist.
Status check_gated(const ComputationGraph& graph, const Operator& op) {
  const auto* const linear = std::get_if<LinearParams>(&op.params);
  if (linear == nullptr || !linear->gated) return {};
  if (op.kind == TaskKind::kSiluLinear || linear->residual)
    return refuse(op, "a gated linear takes plain or normed rows, and adds no residual");
  const Access& weight = op.accesses[op.kind == TaskKind::kNormLinear ? 2 : 1];
  const Access& output = op.accesses.back();
  const std::int64_t rows = graph.tensors[weight.tensor.index].shape.extent[0];
  const std::int64_t width = graph.tensors[output.tensor.index].shape.extent[1];
  if (rows != linear->out || rows != 2 * width)
    return refuse(op, fmt::format("gated, with {} rows for {} outputs", rows, width));
  const DimCut& rows_cut = weight.cut[0];
  const DimCut& columns_cut = output.cut[1];
  if (rows_cut.rule != columns_cut.rule || rows_cut.axis != columns_cut.axis ||
      rows_cut.granule != 2 * columns_cut.granule)
    return refuse(op, "gated, with rows that are not cut as its outputs are");
  return {};
}

bool is_remote_write(const OperatorNode& node, const Access& access) {
  return node.op.kind == TaskKind::kPut && access.mode == AccessMode::kWrite;
}

// Everything on the operator's device; what a put writes on one other.
Status check_devices(const ComputationGraph& graph, const OperatorNode& node) {
  if (node.op.device >= graph.devices)
    return refuse(node.op, fmt::format("on device {} of {}", node.op.device, graph.devices));
  std::optional<std::uint8_t> peer;
  for (const Access& access : node.op.accesses) {
    const Tensor& tensor = graph.tensors[access.tensor.index];
    if (!is_remote_write(node, access)) {
      if (tensor.device == node.op.device) continue;
      return refuse(node.op, fmt::format("on device {}, but {} is on device {}", node.op.device,
                                         tensor.name, tensor.device));
    }
    if (!peer) peer = tensor.device;
    if (tensor.role != TensorRole::kExchange || tensor.device == node.op.device ||
        tensor.device != peer || tensor.device >= graph.devices)
      return refuse(node.op, fmt::format("{} is no exchange buffer of one peer", tensor.name));
  }
  return {};
}

Status check_node(const ComputationGraph& graph, const OperatorNode& node,
                  std::vector<bool>& written) {
  if (Status form = check_form(node.op); !form) return form;
  if (node.axes.size() > 3) return refuse(node.op, "more than three grid axes");
  for (const GridAxis& axis : node.axes) {
    if (axis.extent < 1) return refuse(node.op, fmt::format("axis {} is empty", axis.what));
  }
  for (const Access& access : node.op.accesses) {
    if (access.tensor.index >= graph.tensors.size())
      return refuse(node.op,
                    fmt::format("tensor {} of {}", access.tensor.index, graph.tensors.size()));
    const Tensor& tensor = graph.tensors[access.tensor.index];
    const bool is_made =
        tensor.role == TensorRole::kActivation || tensor.role == TensorRole::kExchange;
    if (access.mode == AccessMode::kRead && is_made && !written[access.tensor.index])
      return refuse(node.op, fmt::format("reads {}, which nothing has written", tensor.name));
    if (Status cuts = check_cuts(graph, node, access); !cuts) return cuts;
  }
  if (Status gated = check_gated(graph, node.op); !gated) return gated;
  if (Status devices = check_devices(graph, node); !devices) return devices;
  for (const Access& access : node.op.accesses) {
    if (access.mode == AccessMode::kWrite) written[access.tensor.index] = true;
  }
  return check_tiles_apart(graph, node);
}

}  // namespace

Bytes ComputationGraph::streamed_weight_bytes() const {
  Bytes sum{};
  for (const OperatorNode& node : operators) {
    if (facts(node.op.kind).cost != CostClass::kStream) continue;
    for (const Access& access : node.op.accesses) {
      const Tensor& tensor = tensors[access.tensor.index];
      if (tensor.role != TensorRole::kWeight || tensor.shape.rank < 2) continue;
      std::int64_t bytes = tensor.bytes().value;
      if (const auto* moe = std::get_if<MoeParams>(&node.op.params))
        bytes = bytes / moe->experts * moe->top_k;
      sum += Bytes(bytes);
    }
  }
  return sum;
}

Status validate(const ComputationGraph& graph) {
  if (graph.operators.empty())
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: no operators", graph.model));
  std::vector<bool> written(graph.tensors.size());
  for (const OperatorNode& node : graph.operators) {
    if (Status status = check_node(graph, node, written); !status) return status;
  }
  return {};
}

std::vector<std::string> operator_names(const ComputationGraph& graph) {
  std::vector<std::string> names;
  std::unordered_set<std::string_view> seen;
  for (const OperatorNode& node : graph.operators) {
    if (seen.insert(node.op.name).second) names.push_back(node.op.name);
  }
  return names;
}

}  // namespace mk
