#include "gpu_backend/cuda/device_model.h"

#include <fmt/format.h>

#include <algorithm>

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

Result<DeviceModel> DeviceModel::upload(const Device& device, const ModelMemory& memory) {
  MK_CHECK(memory.dtype() == DType::kBf16, "the device has bf16 weights");
  DeviceModel model(device);
  model.graph_ = memory.shared_graph();
  const BlockNeeds needs = block_needs(device);
  model.work_bytes_ = static_cast<std::uint32_t>(needs.work_bytes);
  if (Status ok = check_supported(*model.graph_, needs); !ok) return tl::unexpected(ok.error());
  if (Status ok = model.copy_tensors(memory); !ok) return tl::unexpected(ok.error());
  if (Status ok = model.copy_rope(); !ok) return tl::unexpected(ok.error());
  if (Status ok = model.copy_descriptors(); !ok) return tl::unexpected(ok.error());
  return model;
}

Status DeviceModel::copy_tensors(const ModelMemory& memory) {
  Result<DeviceBuffer> buffer =
      DeviceBuffer::allocate(static_cast<std::size_t>(memory.bytes().value), graph_->info().model);
  if (!buffer) return tl::unexpected(buffer.error());
  tensors_ = std::move(*buffer);
  const std::byte* const base = data_of(memory, TensorId(0));
  for (std::uint32_t t = 0; t < graph_->tensors().size(); ++t) {
    const std::span<std::byte> bytes = bytes_of(memory, TensorId(t));
    offset_.push_back(static_cast<std::size_t>(bytes.data() - base));
    bytes_.push_back(bytes.size());
    if (graph_->tensors()[t].role != TensorRole::kWeight) continue;
    const std::vector<std::byte> plain = plain_rows(graph_->tensors()[t], bytes);
    if (Status ok = tensors_.write(offset_.back(), plain); !ok) return ok;
  }
  return poison();
}

Status DeviceModel::poison() {
  for (std::uint32_t t = 0; t < offset_.size(); ++t) {
    if (graph_->tensors()[t].role == TensorRole::kWeight) continue;
    if (Status ok = checked(cudaMemset(address(TensorId(t)), 0xff, bytes_[t]), "filling"); !ok) {
      return ok;
    }
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

Status DeviceModel::copy_descriptors() {
  TensorAddresses addresses;
  for (std::uint32_t t = 0; t < offset_.size(); ++t) {
    addresses.of_tensor.push_back(address(TensorId(t)));
  }
  addresses.rope = reinterpret_cast<const float*>(rope_.data());
  Result<std::vector<TaskDescriptor>> made = make_descriptors(*graph_, addresses);
  if (!made) return tl::unexpected(made.error());
  Result<DeviceBuffer> buffer =
      DeviceBuffer::allocate(made->size() * sizeof(TaskDescriptor), "the task descriptors");
  if (!buffer) return tl::unexpected(buffer.error());
  descriptors_ = std::move(*buffer);
  return descriptors_.write(0, std::as_bytes(std::span(*made)));
}

Status DeviceModel::read(TensorId tensor, std::span<std::byte> to) const {
  return tensors_.read(offset_[tensor.index], to);
}

Status DeviceModel::write(TensorId tensor, std::span<const std::byte> from) {
  return tensors_.write(offset_[tensor.index], from);
}

}  // namespace mk::cuda
