// DeviceModel: a task graph's tensors and descriptors in the memory of a GPU.
//
//   Result<Device> device = Device::open();
//   Result<DeviceModel> model = DeviceModel::upload(*device, memory);   // bf16, filled
//   Result<DeviceRun> run = run_megakernel(*model, {...}, {.prompt = ids, .generate = 20});
//
// Activations and KV caches have the ModelMemory's layout, so that the two can be compared; rows of
// weights are in natural order (plain_rows.h). One run at a time uses a DeviceModel, and those that
// share its weights.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/result.h"
#include "core/task_graph.h"
#include "gpu_backend/cuda/descriptors.h"
#include "gpu_backend/cuda/device.h"
#include "gpu_backend/cuda/task_descriptor.h"
#include "gpu_backend/host/model_memory.h"

namespace mk::cuda {

// What a block of the kernels has on that device, for check_supported().
BlockNeeds block_needs(const Device& device);

class DeviceModel {
 public:
  // Copies the weights; other tensors are filled with NaN bits. Of a graph for several devices,
  // what `on` has of it; then link() must follow. kUnsupported as check_supported(), kDevice where
  // memory is too small.
  [[nodiscard]] static Result<DeviceModel> upload(const Device& device, const ModelMemory& memory,
                                                  std::uint8_t on = 0);

  // Makes the descriptors, with the peers' tensors where they are. `all`: by device of the graph.
  Status link(const std::vector<DeviceModel>& all);

  // The same weights under another graph of the model (another batch, another cut), with
  // activations and KV caches of its own. InvalidInput iff its weights are not those of `of`. Of
  // graphs for several devices, link() must follow.
  [[nodiscard]] static Result<DeviceModel> recut(const DeviceModel& of,
                                                 std::shared_ptr<const TaskGraph> graph);

  const Device& device() const { return device_; }
  std::uint8_t number() const { return on_; }  // its device of the graph
  const std::shared_ptr<const TaskGraph>& graph() const { return graph_; }
  std::uint32_t work_bytes() const { return work_bytes_; }
  const TaskDescriptor* descriptors() const {
    return reinterpret_cast<const TaskDescriptor*>(descriptors_.data());
  }

  // Address of the tensor's first element. Requires: the tensor is on this device.
  std::byte* address(TensorId tensor) const {
    return buffer_of(tensor).data() + places_[tensor.index].offset;
  }
  Status read(TensorId tensor, std::span<std::byte> to) const;
  Status write(TensorId tensor, std::span<const std::byte> from);

  // NaN bits into everything but weights: what a run does not write, it cannot read unseen.
  Status poison();

 private:
  DeviceModel(const Device& device, std::uint8_t on) : device_(device), on_(on) {}
  // A tensor in the buffer that has it: of weights, or of all others; nowhere iff it is on another
  // device.
  struct Place {
    bool is_weight = false;
    std::size_t offset = 0;
    std::size_t bytes = 0;  // as stored
  };
  DeviceBuffer& buffer_of(TensorId tensor) const {
    return places_[tensor.index].is_weight ? *weights_ : *others_;
  }
  Status place_tensors();
  Status copy_weights(const ModelMemory& memory);
  Status copy_tables();
  Status copy_rope();
  Status copy_descriptors(const std::vector<const DeviceModel*>& all);

  Device device_;
  std::uint8_t on_;
  std::shared_ptr<const TaskGraph> graph_{};
  std::uint32_t work_bytes_ = 0;
  std::shared_ptr<DeviceBuffer> weights_{};
  std::unique_ptr<DeviceBuffer> others_{};
  std::size_t weight_bytes_ = 0;
  DeviceBuffer rope_{};
  DeviceBuffer descriptors_{};
  std::vector<Place> places_{};  // by tensor
};

// The tensor's bytes in a host's memory.
std::span<std::byte> bytes_of(const ModelMemory& memory, TensorId tensor);

}  // namespace mk::cuda
