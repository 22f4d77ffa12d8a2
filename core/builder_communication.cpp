// What devices send to one another: all-reduce, and the argmax over a vocabulary that is shared
// out.
#include <fmt/format.h>

#include <utility>

#include "core/operator_draft.h"

namespace mk {

bool ComputationGraphBuilder::one_a_device(std::string_view name,
                                           const std::vector<TensorId>& tensors) {
  if (tensors.size() != graph_.devices) {
    refuse(name, fmt::format("{} parts, {} devices", tensors.size(), graph_.devices));
    return false;
  }
  for (std::size_t d = 0; d < tensors.size(); ++d) {
    if (!is_activation(name, tensors[d])) return false;
    if (graph_.tensors[tensors[d].index].device == d) continue;
    refuse(name, fmt::format("{} is not on device {}", graph_.tensors[tensors[d].index].name, d));
    return false;
  }
  return true;
}

std::vector<TensorId> ComputationGraphBuilder::put(const std::string& name,
                                                   const std::vector<TensorId>& sent,
                                                   std::uint8_t peer, PutTiles tiles) {
  Draft d = draft(name, TaskKind::kPut);
  const std::int64_t width = shape(sent[0]).extent[1];
  d.node.op.params = AllReduceParams{width, graph_.devices, device_};
  const DimCut cut = tiles == PutTiles::kSlices ? even_cut(0) : no_cut();
  if (tiles == PutTiles::kSlices) d.axis("width", width);
  for (const TensorId tensor : sent) d.read(tensor, {no_cut(), cut});
  std::vector<TensorId> arrived;
  for (const TensorId tensor : sent) {
    Tensor copy = graph_.tensors[tensor.index];
    copy.name = fmt::format("{}.from{}", copy.name, device_);
    copy.role = TensorRole::kExchange;
    copy.device = peer;
    arrived.push_back(TensorId(static_cast<std::uint32_t>(graph_.tensors.size())));
    graph_.tensors.push_back(std::move(copy));
    d.write(arrived.back(), {no_cut(), cut});
  }
  append(std::move(d));
  return arrived;
}

std::vector<TensorId> ComputationGraphBuilder::all_reduce(std::string name,
                                                          const std::vector<TensorId>& parts) {
  if (!one_a_device(name, parts) || parts.size() == 1) return parts;
  const std::int64_t width = shape(parts[0]).extent[1];
  const std::uint8_t devices = graph_.devices;
  std::vector<std::vector<TensorId>> summands(devices, parts);  // by device, in order of the ranks
  for (std::uint8_t d = 0; d < devices; ++d) {
    if (!is_matrix(name, "a part", parts[d], tokens(), width)) return parts;
    set_device(d);
    for (std::uint8_t k = 1; k < devices; ++k) {  // each starts with another peer
      const auto peer = static_cast<std::uint8_t>((d + k) % devices);
      summands[peer][d] = put(name + "_put", {parts[d]}, peer, PutTiles::kSlices)[0];
    }
  }
  std::vector<TensorId> sums;
  for (std::uint8_t d = 0; d < devices; ++d) {
    set_device(d);
    Draft reduce = draft(name + "_reduce", TaskKind::kReduce);
    reduce.node.op.params = AllReduceParams{width, devices, d};
    reduce.axis("width", width);
    for (const TensorId summand : summands[d]) reduce.read(summand, {no_cut(), even_cut(0)});
    sums.push_back(output(reduce, "out", {tokens(), width}, DType::kBf16));
    reduce.write(sums.back(), {no_cut(), even_cut(0)});
    append(std::move(reduce));
  }
  return sums;
}

ComputationGraphBuilder::PartialMaximum ComputationGraphBuilder::argmax_partial(
    TensorId logits, std::int64_t first_index, std::int64_t vocabulary) {
  const std::int64_t width = shape(logits).extent[1];
  Draft d = draft("argmax_partial", TaskKind::kArgmaxPartial);
  d.node.op.params = ArgmaxParams{first_index, vocabulary};
  // As many columns as there may be parts; the partition shrinks them to the parts there are.
  const PartialMaximum result{output(d, "value", {tokens(), width}, DType::kF32),
                              output(d, "index", {tokens(), width}, DType::kI32)};
  d.axis("rows", width).read(logits, {no_cut(), even_cut(0)});
  d.write(result.value, {no_cut(), even_cut(0)}).write(result.index, {no_cut(), even_cut(0)});
  append(std::move(d));
  return result;
}

TensorId ComputationGraphBuilder::argmax_reduce(const std::vector<PartialMaximum>& parts,
                                                std::int64_t vocabulary) {
  Draft d = draft("argmax_reduce", TaskKind::kArgmaxReduce);
  d.node.op.params = ArgmaxParams{0, vocabulary};
  const TensorId token = output(d, "token", {tokens()}, DType::kI32);
  graph_.tensors[token.index].role = TensorRole::kToken;
  d.axis("tokens", tokens());
  for (const PartialMaximum& part : parts)
    d.read(part.value, {even_cut(0)}).read(part.index, {even_cut(0)});
  d.write(token, {even_cut(0)});
  append(std::move(d));
  return token;
}

TensorId ComputationGraphBuilder::argmax(TensorId logits, std::int64_t vocabulary) {
  if (!is_activation("argmax_partial", logits)) return {};
  const std::int64_t width = shape(logits).extent[1];
  if (vocabulary < 1 || vocabulary > width)
    refuse("argmax_partial", fmt::format("vocabulary {}, {} logits", vocabulary, width));
  return argmax_reduce({argmax_partial(logits, 0, vocabulary)}, vocabulary);
}

void ComputationGraphBuilder::argmax(const std::vector<TensorId>& logits, std::int64_t vocabulary) {
  if (!one_a_device("argmax_partial", logits)) return;
  std::vector<PartialMaximum> own;
  std::int64_t first_index = 0;
  for (std::uint8_t d = 0; d < graph_.devices; ++d) {
    set_device(d);
    own.push_back(argmax_partial(logits[d], first_index, vocabulary));
    first_index += shape(logits[d]).extent[1];
  }
  if (vocabulary < 1 || vocabulary > first_index)
    refuse("argmax_partial", fmt::format("vocabulary {}, {} logits", vocabulary, first_index));
  std::vector<std::vector<PartialMaximum>> known(graph_.devices, own);  // by device, in token order
  for (std::uint8_t d = 0; d < graph_.devices; ++d) {
    set_device(d);
    for (std::uint8_t k = 1; k < graph_.devices; ++k) {
      const auto peer = static_cast<std::uint8_t>((d + k) % graph_.devices);
      const std::vector<TensorId> arrived =
          put("argmax_put", {own[d].value, own[d].index}, peer, PutTiles::kOne);
      known[peer][d] = {arrived[0], arrived[1]};
    }
  }
  for (std::uint8_t d = 0; d < graph_.devices; ++d) {
    set_device(d);
    argmax_reduce(known[d], vocabulary);
  }
}

}  // namespace mk
