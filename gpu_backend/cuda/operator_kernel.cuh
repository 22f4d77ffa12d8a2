// The baselines' kernels: one operator a launch, on the very bodies and buffers of the megakernel,
// and the step between two iterations.
#pragma once

#include "gpu_backend/cuda/bodies/run_body.h"
#include "gpu_backend/cuda/device_block.cuh"
#include "gpu_backend/cuda/kernel_args.h"

namespace mk::cuda {

// Programmatic dependent launch: from here on the previous kernel's results can be read.
__device__ __forceinline__ void await_previous_kernel() {
#if defined(MK_HAS_BULK_COPY)
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
__device__ __forceinline__ void allow_next_kernel() {
#if defined(MK_HAS_BULK_COPY)
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

__device__ __forceinline__ bool is_recorded(const OperatorArgs& args, std::uint32_t iteration) {
  return args.rows != nullptr && args.window.contains(iteration);
}
// This block's.
__device__ __forceinline__ OperatorTaskRow& row_of(const OperatorArgs& args,
                                                   std::uint32_t iteration) {
  const std::uint64_t first = std::uint64_t{iteration - args.window.first} * args.row_stride;
  return args.rows[first + blockIdx.x];
}

template <class Shape>
__global__ void __launch_bounds__(Shape::kThreads, 1)
    operator_kernel(const __grid_constant__ OperatorArgs args) {
  extern __shared__ __align__(128) unsigned char raw[];
  DeviceBlock<Shape> block(raw, args.work_bytes);
  init_shared<Shape>(block);
  WarpStream stream;
  const TaskDescriptor& task = args.tasks[blockIdx.x];
  if (args.waits_for_previous != 0) {
    allow_next_kernel();
    // Weights depend on no kernel.
    if (task.is_linear()) preload_linear<Shape>(block, stream, task.linear);
    await_previous_kernel();
  }
  const std::uint32_t iteration = *args.iteration;
  const StepRow step = args.steps[iteration];
  // Instants go where they stay: nothing of them is in a register while the body runs, and the body
  // stands here once.
  if (is_recorded(args, iteration) && threadIdx.x == 0) {
    OperatorTaskRow& row = row_of(args, iteration);
    if (row.end == 0) row.start = global_time();
  }
  run_body<Shape>(block, stream, task, step_of(step, task.request));
  if (!is_recorded(args, iteration)) return;
  block.sync();
  if (threadIdx.x == 0) {
    OperatorTaskRow& row = row_of(args, iteration);
    if (row.end == 0) row = {row.start, global_time(), sm_number()};
  }
}

__global__ void advance_kernel(const __grid_constant__ AdvanceArgs args) {
  if (args.waits_for_previous != 0) {
    allow_next_kernel();
    await_previous_kernel();
  }
  if (args.begins != 0) {
    args.ticks[0].start = global_time();
    return;
  }
  // After the sequence's end the last iteration is run again and again, and nothing is kept of it.
  if (*args.decode.ended_by_itself != 0) return;
  const std::uint32_t next = *args.iteration + 1;
  args.ticks[next - 1].end = global_time();
  args.decode.prepare(next);
  if (next < args.decode.iterations) *args.iteration = next;
  args.ticks[next].start = global_time();
}

// The device's clock, for a host that holds it against its own (clock_pairs.h).
__global__ void clock_kernel(std::uint64_t* stamp) { *stamp = global_time(); }

// What the memory gives to the linear body's access pattern: every block streams its share of
// `bytes` through its rings and adds up a little of it.
template <class Shape>
__global__ void __launch_bounds__(Shape::kThreads, 1)
    stream_kernel(const unsigned char* from, std::uint64_t bytes, float* sum) {
  extern __shared__ __align__(128) unsigned char raw[];
  DeviceBlock<Shape> block(raw, 0);
  init_shared<Shape>(block);
  SharedMemory<Shape>& shared = shared_of<Shape>(block);
  const std::uint64_t chunks = bytes / Shape::kChunkBytes;
  const std::uint64_t first = std::uint64_t{blockIdx.x} * Shape::kWarps + block.warp();
  const std::uint64_t stride = std::uint64_t{gridDim.x} * Shape::kWarps;
  std::uint32_t requested = 0;
  std::uint32_t used = 0;
  float total = 0;
  for (std::uint64_t chunk = first; chunk < chunks; chunk += stride, ++used) {
    for (std::uint64_t next = first + requested * stride;
         next < chunks && requested < used + Shape::kStages; next += stride, ++requested) {
      const std::uint32_t stage = requested % Shape::kStages;
      block.copy(shared.ring[block.warp()][stage], from + next * Shape::kChunkBytes,
                 Shape::kChunkBytes, &shared.full[block.warp()][stage]);
    }
    const std::uint32_t stage = used % Shape::kStages;
    block.wait(&shared.full[block.warp()][stage], used / Shape::kStages & 1U);
    const auto* const words = reinterpret_cast<const float*>(shared.ring[block.warp()][stage]);
    for (std::uint32_t i = block.lane(); i < Shape::kChunkBytes / 4; i += 32) total += words[i];
    block.warp_sync();
  }
  if (total == 12345.678F) *sum = total;
}

}  // namespace mk::cuda
