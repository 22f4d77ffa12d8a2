// A megakernel whose compute warps carry out every command by doing nothing: the protocol alone.
// Compiled by device_code_test.cpp, never run.
#include "gpu_backend/cuda/megakernel.cuh"

namespace mk::cuda {

__device__ __noinline__ void idle_loop(Mailbox& box) {
  for (MailboxReader mailbox;;) {
    const std::uint32_t turn = mailbox.await_command(box.barriers.go);
    if (box.boxes[turn].command == Command::kExit) return;
    box.barriers.input.meet(turn);
    mailbox.finish(box.barriers.done);
  }
}

// As many threads as may run with 64 registers: what does not fit is spilt, and counted.
__global__ void __launch_bounds__(1024, 1)
    empty_body_kernel(const __grid_constant__ MegakernelArgs args) {
  extern __shared__ __align__(128) unsigned char raw[];
  const std::uint32_t workers = args.launch.roles.workers;
  if (blockIdx.x >= workers) return scheduler_block<false>(args, raw);
  auto& shared = *reinterpret_cast<WorkerShared<DeviceShape>*>(raw);
  if (threadIdx.x < DeviceShape::kThreads) {
    idle_loop(shared.box);
  } else if (threadIdx.x == DeviceShape::kThreads) {
    control_loop<DeviceShape, false>(args, shared, blockIdx.x);
  }
}

}  // namespace mk::cuda
