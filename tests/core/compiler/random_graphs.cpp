#include "tests/core/compiler/random_graphs.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>

namespace mk::testing {
namespace {

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  RandomCase make() {
    result_.graph.model = "random";
    result_.graph.max_context = 16;
    result_.options.context = 1;
    const std::uint32_t devices = pick(0, 1) == 0 ? 1 : pick(2, 3);
    result_.graph.devices = static_cast<std::uint8_t>(devices);
    result_.options.overlap = pick(0, 3) != 0;
    const std::uint32_t tensors = pick(3, 7);
    for (std::uint32_t t = 0; t < tensors; ++t) {
      const bool is_exchange = devices > 1 && pick(0, 2) == 0;
      result_.graph.tensors.push_back(
          {fmt::format("t{}", t),
           {pick(1, 5), pick(1, 40)},
           DType::kBf16,
           is_exchange ? TensorRole::kExchange : TensorRole::kActivation,
           static_cast<std::uint8_t>(pick(0u, devices - 1))});
    }
    written_.assign(tensors, false);
    weight_ = tensors;  // one a device
    for (std::uint8_t d = 0; d < devices; ++d)
      result_.graph.tensors.push_back({"w", {1}, DType::kBf16, TensorRole::kWeight, d});
    const std::uint32_t operators = pick(4, 12);
    for (std::uint32_t o = 0; o < operators; ++o) add_operator(o);
    return std::move(result_);
  }

 private:
  std::int64_t pick(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }
  std::uint32_t pick(std::uint32_t from, std::uint32_t to) {
    return std::uniform_int_distribution<std::uint32_t>(from, to)(random_);
  }
  std::uint32_t pick(int from, int to) {
    return pick(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to));
  }

  DimCut even(std::uint8_t axis, std::uint32_t tensor, std::size_t d) {
    const std::int64_t extent = result_.graph.tensors[tensor].shape.extent[d];
    const std::int64_t granule = pick(std::int64_t{1}, std::max<std::int64_t>(1, extent / 4));
    limit_[axis] = std::min(limit_[axis], (extent + granule - 1) / granule);
    return {DimCut::Rule::kEven, axis, granule};
  }

  // Each axis cuts one dimension, so that no two tiles write the same element.
  Access write(std::uint32_t tensor) {
    Access access{TensorId(tensor), AccessMode::kWrite};
    const std::size_t first = pick(0, 1);
    access.cut[first] = even(0, tensor, first);
    access.cut[1 - first] =
        pick(0, 5) == 0 ? DimCut{DimCut::Rule::kDynamic, 1, 1} : even(1, tensor, 1 - first);
    return access;
  }

  Access read(std::uint32_t tensor) {
    Access access{TensorId(tensor), AccessMode::kRead};
    for (std::size_t d = 0; d < 2; ++d) {
      const auto axis = static_cast<std::uint8_t>(pick(0, 1));
      switch (pick(0, 3)) {
        case 0:
          break;
        case 1:
          access.cut[d] = {DimCut::Rule::kDynamic, axis, 1};
          break;
        default:
          access.cut[d] = even(axis, tensor, d);
      }
    }
    return access;
  }

  std::uint32_t any_tensor() { return pick(0u, static_cast<std::uint32_t>(written_.size() - 1)); }
  std::uint8_t device_of(std::uint32_t tensor) const {
    return result_.graph.tensors[tensor].device;
  }

  // Something written on another device than `target`; none iff a few tries find nothing.
  std::optional<std::uint32_t> sent_to(std::uint32_t target) {
    if (result_.graph.tensors[target].role != TensorRole::kExchange) return std::nullopt;
    for (int i = 0; i < 8; ++i) {
      const std::uint32_t tensor = any_tensor();
      if (written_[tensor] && device_of(tensor) != device_of(target)) return tensor;
    }
    return std::nullopt;
  }

  void add_operator(std::uint32_t o) {
    limit_ = {6, 12};
    OperatorNode node;
    node.op.name = fmt::format("op{}", o);
    const Access written = write(any_tensor());
    const std::uint32_t target = written.tensor.index;
    if (const auto sent = sent_to(target)) {
      node.op.kind = TaskKind::kPut;
      node.op.params = AllReduceParams{1, result_.graph.devices, device_of(*sent)};
      node.op.device = device_of(*sent);
      node.op.accesses.push_back(read(*sent));
    } else {
      node.op.kind = TaskKind::kLinear;
      node.op.params = LinearParams{1, 1, false, 1e-6};
      node.op.device = device_of(target);
      add_reads(node, written);
    }
    node.op.accesses.push_back(written);
    written_[target] = true;
    node.axes = {{"a", limit_[0]}, {"b", limit_[1]}};
    result_.options.tasks_of[node.op.name] = tasks();
    result_.graph.operators.push_back(std::move(node));
  }

  void add_reads(OperatorNode& node, const Access& written) {
    const std::uint32_t reads = pick(0, 3);
    for (std::uint32_t r = 0; r < reads; ++r) {
      const std::uint32_t tensor = any_tensor();
      if (!written_[tensor] || device_of(tensor) != node.op.device) continue;
      const bool in_place = tensor == written.tensor.index;
      node.op.accesses.push_back(in_place ? written : read(tensor));
      node.op.accesses.back().mode = AccessMode::kRead;
    }
    while (node.op.accesses.size() < 2)
      node.op.accesses.push_back({TensorId(weight_ + node.op.device), AccessMode::kRead});
  }

  // A product of legal parts; often the same few numbers, so that some cuts line up.
  std::uint32_t tasks() {
    return static_cast<std::uint32_t>(pick(std::int64_t{1}, limit_[0]) *
                                      pick(std::int64_t{1}, limit_[1]));
  }

  std::mt19937 random_;
  RandomCase result_{};
  std::vector<bool> written_{};
  std::uint32_t weight_ = 0;
  std::array<std::int64_t, 2> limit_{6, 12};
};

}  // namespace

RandomCase random_case(std::uint32_t seed) { return Generator(seed).make(); }

}  // namespace mk::testing
