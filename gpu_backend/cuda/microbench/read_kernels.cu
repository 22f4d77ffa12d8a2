// Kernels for reading memory by bulk copies, and for what a launch costs.
#include "gpu_backend/cuda/microbench/device_side.cuh"

namespace mk::cuda::microbench {
namespace {

// One warp's context for copy() and wait() (block.h); its shape plays no part in them.
using Copier = DeviceBlock<BlockShape<1, 1, 1024>>;

// The barriers of a block's rings, then the rings.
struct ReadShared {
  static constexpr std::uint32_t kMostRings = 64;
  std::uint64_t full[kMostRings];
  alignas(128) unsigned char rings[1];
};

// This warp's chunks of one pass over the block's bytes; `used` goes on over passes.
__device__ void read_pass(const ReadArgs& args, ReadShared& shared, Copier& copier,
                          std::uint32_t& used) {
  const std::uint32_t warp = threadIdx.x / 32;
  const auto chunks = static_cast<std::uint32_t>(args.bytes_a_block / args.chunk_bytes);
  const unsigned char* const from = args.from + blockIdx.x * args.stride;
  const std::uint32_t mine = chunks / args.warps + (warp < chunks % args.warps ? 1 : 0);
  std::uint32_t requested = 0;
  for (std::uint32_t i = 0; i < mine; ++i, ++used) {
    for (; requested < mine && requested < i + args.stages; ++requested) {
      const std::uint32_t ring = warp * args.stages + (used + requested - i) % args.stages;
      copier.copy(shared.rings + std::size_t{ring} * args.chunk_bytes,
                  from + (std::uint64_t{requested} * args.warps + warp) * args.chunk_bytes,
                  args.chunk_bytes, &shared.full[ring]);
    }
    copier.wait(&shared.full[warp * args.stages + used % args.stages], used / args.stages & 1U);
    __syncwarp();  // all lanes have seen this phase: its stage may be filled again
  }
}

__global__ void read_kernel(const __grid_constant__ ReadArgs args) {
  extern __shared__ __align__(128) unsigned char raw[];
  auto& shared = *reinterpret_cast<ReadShared*>(raw);
  if (blockIdx.x >= args.active) return;
  Copier copier(raw, 0);
  if (threadIdx.x == 0) {
    for (std::uint32_t i = 0; i < args.warps * args.stages; ++i) {
      copier.init_barrier(&shared.full[i]);
    }
    Copier::publish_barriers();
    meet(args.guard, args.ready, args.active);
  }
  __syncthreads();
  const std::uint64_t start = global_time();
  std::uint32_t used = 0;
  for (std::uint32_t round = 0; round < args.rounds; ++round) {
    read_pass(args, shared, copier, used);
  }
  __syncthreads();
  if (threadIdx.x == 0) args.rows[blockIdx.x] = {sm_number(), start, global_time()};
}

__global__ void copy_kernel(const __grid_constant__ CopyArgs args) {
  extern __shared__ __align__(128) unsigned char raw[];
  auto& shared = *reinterpret_cast<ReadShared*>(raw);
  Copier copier(raw, 0);
  if (threadIdx.x == 0) {
    copier.init_barrier(&shared.full[0]);
    Copier::publish_barriers();
  }
  __syncwarp();
  Stopwatch watch;
  watch.start();
  for (std::uint32_t i = 0; i < args.copies; ++i) {
    const std::uint64_t before = sm_clock();
    copier.copy(shared.rings, args.from + i * args.stride, args.chunk_bytes, &shared.full[0]);
    copier.wait(&shared.full[0], i & 1U);
    const std::uint64_t taken = sm_clock() - before;
    __syncwarp();
    if (threadIdx.x == 0) args.cycles[i] = static_cast<std::uint32_t>(taken);
  }
  if (threadIdx.x == 0) *args.span = watch.stop();
}

__global__ void mark_kernel(const __grid_constant__ MarkArgs args) {
#if defined(MK_HAS_BULK_COPY)
  if (args.waits_for_previous != 0) {
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
    asm volatile("griddepcontrol.wait;" ::: "memory");
  }
#endif
  const std::uint64_t start = global_time();
  while (global_time() - start < args.run_ns) {
  }
  args.rows[blockIdx.x] = {start, global_time()};
}

}  // namespace

const void* read_symbol() { return kernel_symbol(&read_kernel); }
const void* copy_symbol() { return kernel_symbol(&copy_kernel); }
const void* mark_symbol() { return kernel_symbol(&mark_kernel); }

}  // namespace mk::cuda::microbench
