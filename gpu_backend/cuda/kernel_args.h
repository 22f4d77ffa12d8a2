// The kernels' parameters, as host code fills them in, and what the host must know of the kernels.
// No CUDA syntax here: kernels.cu has the kernels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu_backend/cuda/block.h"
#include "gpu_backend/cuda/decode_state.h"
#include "gpu_backend/cuda/device_memory.h"
#include "gpu_backend/cuda/device_records.h"
#include "gpu_backend/cuda/peer_memory.h"
#include "gpu_backend/cuda/task_descriptor.h"
#include "gpu_backend/protocol/launch.h"
#include "gpu_backend/protocol/peers.h"

namespace mk::cuda {

// The block that runs on the device: 11 compute warps, of which each has a ring of 12 KiB for
// weights, and one control warp (kernel-per-operator baselines have none).
using DeviceShape = BlockShape<11, 3, 4096>;
inline constexpr std::uint32_t kBlockThreads = DeviceShape::kThreads + 32;
inline constexpr std::uint32_t kSchedulersPerBlock = 4;

constexpr std::uint32_t megakernel_blocks(const Roles& roles) {
  return roles.workers + (roles.schedulers + kSchedulersPerBlock - 1) / kSchedulersPerBlock;
}

// Rows are written lane by lane of a warp: one set a worker, then one a lane of each scheduler.
inline constexpr std::uint32_t kSchedulerLanes = 32;
MK_HD constexpr std::uint32_t scheduler_rows(const Roles& roles, std::uint32_t scheduler) {
  return roles.workers + scheduler * kSchedulerLanes;
}
MK_HD constexpr std::uint32_t row_sets(const Roles& roles) {
  return scheduler_rows(roles, roles.schedulers);
}

struct MegakernelArgs {
  protocol::Launch<DeviceMemory> launch{};
  const TaskDescriptor* descriptors = nullptr;
  DecodeState decode{};
  DeviceLaneRows* lane_rows = nullptr;   // row_sets()
  IterationTicks* iterations = nullptr;  // an iteration
  CaptureWindow window{};                // where the kernel records
  std::uint32_t* sm_of_lane = nullptr;   // a lane
  std::uint32_t work_bytes = 0;
  std::uint32_t preloads = 1;  // 0: a task's weights are requested when it starts
};

// On one of several devices.
struct PeerMegakernelArgs : MegakernelArgs {
  protocol::Peers<DeviceMemory> peers{};  // points to of_device in the kernel's copy
  protocol::PeerDevice<DeviceMemory> of_device[kMaxDevices]{};
};

// One operator as a kernel of its own: block b runs tasks[b].
struct OperatorArgs {
  const TaskDescriptor* tasks = nullptr;
  const StepRow* steps = nullptr;
  const std::uint32_t* iteration = nullptr;
  std::uint32_t work_bytes = 0;
  std::uint32_t waits_for_previous = 0;  // programmatic dependent launch
  // Where instants go: rows[(iteration - window.first) * row_stride + block]. Null: nowhere.
  OperatorTaskRow* rows = nullptr;
  std::uint32_t row_stride = 0;
  CaptureWindow window{};
};

// The step between two iterations of a baseline: one thread. With `begins`, what stands before the
// first one: only its start is taken.
struct AdvanceArgs {
  DecodeState decode{};
  std::uint32_t* iteration = nullptr;
  IterationTicks* ticks = nullptr;  // an iteration, and one more
  std::uint32_t waits_for_previous = 0;
  std::uint32_t begins = 0;
};

// Kernel symbols for the CUDA runtime.
const void* megakernel_symbol(bool records);
const void* peer_megakernel_symbol(bool records);
const void* operator_symbol();
const void* advance_symbol();
const void* clock_symbol();   // clock_kernel: one stamp of the device's clock
const void* stream_symbol();  // stream_kernel: reads memory as the linear body does

// Dynamic shared memory of a block with that much work area.
std::size_t megakernel_shared_bytes(std::size_t work_bytes);
std::size_t operator_shared_bytes(std::size_t work_bytes);

}  // namespace mk::cuda
