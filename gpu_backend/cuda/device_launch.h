// The protocol's Launch on the device, made from the LaunchStorage of the host backend: the same
// tables, the same queue capacities, and after a run that got stuck the same report.
#pragma once

#include <cstdint>
#include <span>

#include "core/task_graph.h"
#include "gpu_backend/cuda/device_image.h"
#include "gpu_backend/cuda/device_memory.h"
#include "gpu_backend/host/launch_storage.h"

namespace mk::cuda {

class DeviceLaunch {
 public:
  // Requires: check_options(graph, options).
  DeviceLaunch(const TaskGraph& graph, const HostRunOptions& options)
      : graph_(graph), storage_(graph, options) {}

  // The launch on the device; its tables, as they are before a run, go into the image.
  protocol::Launch<DeviceMemory> place(DeviceImage& image) const;

  // Why the run was aborted, ok iff it was not. `image` holds what the run left.
  Status outcome(const protocol::Launch<DeviceMemory>& launch, const std::byte* base,
                 std::span<const std::byte> image) const;

 private:
  using DeviceRing = protocol::Ring<DeviceMemory>;
  DeviceRing* place_rings(DeviceImage& image, const protocol::Ring<HostMemory>* rings,
                          std::uint32_t count) const;

  const TaskGraph& graph_;
  LaunchStorage storage_;
};

}  // namespace mk::cuda
