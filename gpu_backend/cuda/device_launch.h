// The protocol's Launch on the device, made from the LaunchStorage of the host backend: the same
// tables, the same queue capacities, and after a run that got stuck the same report.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/task_graph.h"
#include "gpu_backend/cuda/device_image.h"
#include "gpu_backend/cuda/device_memory.h"
#include "gpu_backend/cuda/peer_memory.h"
#include "gpu_backend/host/launch_storage.h"
#include "gpu_backend/protocol/peers.h"

namespace mk::cuda {

// What peers reach of a device, as it lies in its memory.
struct DevicePeerCells {
  DeviceCell<std::uint32_t>* counters = nullptr;
  DeviceCell<std::uint32_t>* boundary = nullptr;
  std::vector<protocol::Ring<SystemMemory>> arrivals{};  // a scheduler; none without JIT launches
};

// A device's copy of what it must know of all devices: in its image, filled in once all are placed.
class PeerTables {
 public:
  PeerTables() = default;
  static PeerTables reserve(DeviceImage& image, std::uint32_t devices, std::uint32_t schedulers);

  std::byte* begin() const { return begin_; }
  // The bytes that belong there. `cells`: by device.
  std::vector<std::byte> bytes(const std::vector<DevicePeerCells>& cells) const;
  protocol::Peers<DeviceMemory> peers(std::uint32_t own) const;
  // What stands there first, an entry a device.
  std::vector<protocol::PeerDevice<DeviceMemory>> entries(
      const std::vector<DevicePeerCells>& cells) const;

 private:
  using Entry = protocol::PeerDevice<DeviceMemory>;
  using Arrivals = protocol::Ring<SystemMemory>;
  std::byte* begin_ = nullptr;  // devices_ entries, then devices_ x schedulers_ rings
  std::uint32_t devices_ = 0;
  std::uint32_t schedulers_ = 0;
};

class DeviceLaunch {
 public:
  // Requires: check_options(graph, options), a device of the graph.
  DeviceLaunch(const TaskGraph& graph, const HostRunOptions& options, std::uint8_t device = 0)
      : graph_(graph), storage_(graph, options, device) {}

  // The launch on the device; its tables, as they are before a run, go into the image.
  protocol::Launch<DeviceMemory> place(DeviceImage& image) const;

  // Of a graph for several devices. Requires: place() made `launch`.
  DevicePeerCells place_peer_cells(DeviceImage& image,
                                   const protocol::Launch<DeviceMemory>& launch) const;

  // Why the run was aborted, ok iff it was not. `image` holds what the run left.
  Status outcome(const protocol::Launch<DeviceMemory>& launch, const std::byte* base,
                 std::span<const std::byte> image) const;

 private:
  using DeviceRing = protocol::Ring<DeviceMemory>;
  static DeviceRing* place_rings(DeviceImage& image, const protocol::Ring<HostMemory>* rings,
                                 std::uint32_t count);

  const TaskGraph& graph_;
  LaunchStorage storage_;
};

}  // namespace mk::cuda
