// The kernels that run task bodies alone: one on the block context that a megakernel has, for how
// long they take, and one on a context that takes the time of its copies, which makes them longer.
#include "gpu_backend/cuda/bodies/run_body.h"
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/microbench/device_side.cuh"

namespace mk::cuda::microbench {
namespace {

// DeviceBlock that notes when this warp's first and last chunk of a body had landed.
template <class Shape>
class TimedBlock : public DeviceBlock<Shape> {
 public:
  using DeviceBlock<Shape>::DeviceBlock;

  __device__ void begin() {
    begin_ = sm_clock();
    first_ = 0;
    last_ = 0;
  }
  __device__ void wait(std::uint64_t* barrier, std::uint32_t parity) {
    DeviceBlock<Shape>::wait(barrier, parity);
    last_ = static_cast<std::uint32_t>(sm_clock() - begin_);
    if (first_ == 0) first_ = last_;
  }
  __device__ std::uint32_t first_landed() const { return first_; }
  __device__ std::uint32_t last_landed() const { return last_; }

 private:
  std::uint64_t begin_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t last_ = 0;
};

struct Landed {
  std::uint32_t first[DeviceShape::kWarps];
  std::uint32_t last[DeviceShape::kWarps];
};

__device__ BodyRow row_of(const Landed& landed, std::uint32_t total) {
  BodyRow row{total, 0, 0};
  for (std::uint32_t w = 0; w < DeviceShape::kWarps; ++w) {
    const std::uint32_t first = landed.first[w];
    if (first != 0 && (row.first_landed == 0 || first < row.first_landed)) row.first_landed = first;
    if (landed.last[w] > row.last_landed) row.last_landed = landed.last[w];
  }
  return row;
}

template <class Block>
__global__ void __launch_bounds__(DeviceShape::kThreads, 1)
    body_kernel(const __grid_constant__ BodyArgs args) {
  constexpr bool kTimed = requires(Block block) { block.first_landed(); };
  extern __shared__ __align__(128) unsigned char raw[];
  __shared__ Landed landed;
  if (blockIdx.x >= args.active) return;
  Block block(raw, args.work_bytes);
  init_shared<DeviceShape>(block);
  WarpStream stream;
  if (block.thread() == 0) meet(args.guard, args.ready, args.active);
  block.sync();
  Stopwatch watch;
  watch.start();
  for (std::uint32_t i = 0; i < args.count; ++i) {
    const std::uint32_t at = blockIdx.x * args.count + i;
    const TaskDescriptor& task = args.tasks[at];
    // As after an event: what is in the first-level cache is thrown away.
    if (block.thread() == 0) {
      if (args.in_step && i > 0) meet(args.guard, args.ready, (i + 1) * args.active);
      DeviceMemory::load_acquire(*args.ready);
    }
    block.sync();
    if constexpr (kTimed) block.begin();
    const std::uint64_t begin = sm_clock();
    run_body<DeviceShape>(block, stream, task, step_of(args.step, task.request));
    block.sync();
    const auto total = static_cast<std::uint32_t>(sm_clock() - begin);
    if constexpr (kTimed) {
      if (block.lane() == 0) {
        landed.first[block.warp()] = block.first_landed();
        landed.last[block.warp()] = block.last_landed();
      }
      block.sync();
      if (block.thread() == 0) args.rows[at] = row_of(landed, total);
    } else {
      if (block.thread() == 0) args.rows[at] = {total, 0, 0};
    }
  }
  if (block.thread() == 0) {
    args.spans[blockIdx.x] = watch.stop();
    args.sms[blockIdx.x] = sm_number();
  }
}

}  // namespace

const void* body_symbol() { return kernel_symbol(&body_kernel<DeviceBlock<DeviceShape>>); }
const void* timed_body_symbol() { return kernel_symbol(&body_kernel<TimedBlock<DeviceShape>>); }

}  // namespace mk::cuda::microbench
