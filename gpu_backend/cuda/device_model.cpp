#include "gpu_backend/cuda/device_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "core/check.h"
#include "gpu_backend/cuda/descriptors.h"
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/plain_rows.h"
#include "gpu_backend/host/bodies/rope.h"

namespace mk::cuda {
namespace {

std::byte* data_of(const ModelMemory& memory, TensorId tensor) {
  switch (memory.type_of(tensor)) {
    case DType::kI32:
      return reinterpret_cast<std::byte*>(memory.data<std::int32_t>(tensor));
    case DType::kF32:
      return reinterpret_cast<std::byte*>(memory.data<float>(tensor));
    default:
      return reinterpret_cast<std::byte*>(memory.data<mk::Bf16>(tensor));
  }
}

// As ModelMemory stores it in bf16.
DType stored_type(const Tensor& tensor) {
  if (tensor.dtype == DType::kI32) return DType::kI32;
  const bool is_stored = tensor.role == TensorRole::kWeight || tensor.role == TensorRole::kKvCache;
  return is_stored ? DType::kBf16 : DType::kF32;
}

// The parameters that all attention operators share; none: there is no attention.
Result<const AttentionParams*> attention_of(const TaskGraph& graph) {
  const AttentionParams* first = nullptr;
  for (const Operator& op : graph.operators()) {
    const auto* params = std::get_if<AttentionParams>(&op.params);
    if (params == nullptr) continue;
    if (first == nullptr) first = params;
    if (params->rope_theta != first->rope_theta || params->rope_scaling != first->rope_scaling ||
        params->head_dim != first->head_dim) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{}: its layers turn positions differently", graph.info().model));
    }
  }
  return first;
}

}  // namespace

std::span<std::byte> bytes_of(const ModelMemory& memory, TensorId tensor) {
  const std::int64_t elements = memory.graph().tensors()[tensor.index].shape.elements();
  return {data_of(memory, tensor),
          static_cast<std::size_t>(elements * size_of(memory.type_of(tensor)))};
}

BlockNeeds block_needs(const Device& device) {
  const std::size_t fixed = megakernel_shared_bytes(0);
  MK_CHECK(device.shared_bytes_per_block > fixed, "a block's shared memory holds its rings");
  return {DeviceShape::kWarps,
          static_cast<std::uint32_t>((device.shared_bytes_per_block - fixed) / 128 * 128)};
}

Result<DeviceModel> DeviceModel::upload(const Device& device, const ModelMemory& memory,
                                        std::uint8_t on) {
  MK_CHECK(memory.dtype() == DType::kBf16, "the device has bf16 weights");
  DeviceModel model(device, on);
  model.graph_ = memory.shared_graph();
  if (Status ok = model.place_tensors(); !ok) return tl::unexpected(ok.error());
  Result<DeviceBuffer> weights =
      DeviceBuffer::allocate(model.weight_bytes_, model.graph_->info().model);
  if (!weights) return tl::unexpected(weights.error());
  model.weights_ = std::make_shared<DeviceBuffer>(std::move(*weights));
  if (Status ok = model.copy_weights(memory); !ok) return tl::unexpected(ok.error());
  if (Status ok = model.copy_tables(); !ok) return tl::unexpected(ok.error());
  return model;
}

Result<DeviceModel> DeviceModel::recut(const DeviceModel& of,
                                       std::shared_ptr<const TaskGraph> graph) {
  DeviceModel model(of.device_, of.on_);
  model.graph_ = std::move(graph);
  if (Status ok = model.place_tensors(); !ok) return tl::unexpected(ok.error());
  std::vector<std::string> there;
  for (const DeviceModel* m : {&of, static_cast<const DeviceModel*>(&model)}) {
    std::vector<std::string> weights;
    for (const Tensor& tensor : m->graph_->tensors()) {
      if (tensor.role != TensorRole::kWeight) continue;
      weights.push_back(fmt::format("{} {}", tensor.name, fmt::join(tensor.shape.extent, "x")));
    }
    if (m == &of) {
      there = std::move(weights);
    } else if (weights != there) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}: its weights are not those of {}", model.graph_->info().model,
                              of.graph_->info().model));
    }
  }
  model.weights_ = of.weights_;
  if (Status ok = model.copy_tables(); !ok) return tl::unexpected(ok.error());
  return model;
}

// Where they stand, weights among themselves; memory for the others.
Status DeviceModel::place_tensors() {
  constexpr std::size_t kAlignment = 64;
  const BlockNeeds needs = block_needs(device_);
  work_bytes_ = static_cast<std::uint32_t>(needs.work_bytes);
  if (Status ok = check_supported(*graph_, needs); !ok) return ok;
  if (Status ok = device_.make_current(); !ok) return ok;
  std::size_t other_bytes = 0;
  for (const Tensor& tensor : graph_->tensors()) {
    if (tensor.device != on_) {
      places_.emplace_back();
      continue;
    }
    const bool is_weight = tensor.role == TensorRole::kWeight;
    std::size_t& end = is_weight ? weight_bytes_ : other_bytes;
    const auto bytes =
        static_cast<std::size_t>(tensor.shape.elements() * size_of(stored_type(tensor)));
    places_.push_back({is_weight, end, bytes});
    end += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }
  Result<DeviceBuffer> others = DeviceBuffer::allocate(
      other_bytes, fmt::format("{}'s activations and KV cache", graph_->info().model));
  if (!others) return tl::unexpected(others.error());
  others_ = std::make_unique<DeviceBuffer>(std::move(*others));
  return poison();
}

Status DeviceModel::copy_weights(const ModelMemory& memory) {
  for (std::uint32_t t = 0; t < places_.size(); ++t) {
    if (!places_[t].is_weight) continue;
    const std::vector<std::byte> plain =
        plain_rows(graph_->tensors()[t], bytes_of(memory, TensorId(t)));
    if (Status ok = weights_->write(places_[t].offset, plain); !ok) return ok;
  }
  return {};
}

Status DeviceModel::copy_tables() {
  if (Status ok = copy_rope(); !ok) return ok;
  return graph_->info().devices > 1 ? Status{} : copy_descriptors({this});
}

Status DeviceModel::link(const std::vector<DeviceModel>& all) {
  std::vector<const DeviceModel*> models;
  for (const DeviceModel& model : all) models.push_back(&model);
  if (Status ok = device_.make_current(); !ok) return ok;
  return copy_descriptors(models);
}

Status DeviceModel::poison() {
  if (Status ok = device_.make_current(); !ok) return ok;
  if (Status ok = checked(cudaMemset(others_->data(), 0xff, others_->bytes()), "filling"); !ok) {
    return ok;
  }
  return checked(cudaDeviceSynchronize(), "filling");
}

Status DeviceModel::copy_rope() {
  Result<const AttentionParams*> params = attention_of(*graph_);
  if (!params) return tl::unexpected(params.error());
  if (*params == nullptr) return {};
  const std::vector<float> table = rope_table(**params, graph_->info().max_context);
  Result<DeviceBuffer> buffer =
      DeviceBuffer::allocate(table.size() * sizeof(float), "the table of positions");
  if (!buffer) return tl::unexpected(buffer.error());
  rope_ = std::move(*buffer);
  return rope_.write(0, std::as_bytes(std::span(table)));
}

// `all`: by device of the graph.
Status DeviceModel::copy_descriptors(const std::vector<const DeviceModel*>& all) {
  TensorAddresses addresses;
  for (std::uint32_t t = 0; t < places_.size(); ++t) {
    addresses.of_tensor.push_back(all[graph_->tensors()[t].device]->address(TensorId(t)));
  }
  addresses.rope = reinterpret_cast<const float*>(rope_.data());
  Result<std::vector<TaskDescriptor>> made = make_descriptors(*graph_, addresses, on_);
  if (!made) return tl::unexpected(made.error());
  Result<DeviceBuffer> buffer =
      DeviceBuffer::allocate(made->size() * sizeof(TaskDescriptor), "the task descriptors");
  if (!buffer) return tl::unexpected(buffer.error());
  descriptors_ = std::move(*buffer);
  return descriptors_.write(0, std::as_bytes(std::span(*made)));
}

Status DeviceModel::read(TensorId tensor, std::span<std::byte> to) const {
  return buffer_of(tensor).read(places_[tensor.index].offset, to);
}

Status DeviceModel::write(TensorId tensor, std::span<const std::byte> from) {
  return buffer_of(tensor).write(places_[tensor.index].offset, from);
}

}  // namespace mk::cuda
