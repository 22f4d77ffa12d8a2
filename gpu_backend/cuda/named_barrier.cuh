// The two barriers of a worker block's mailbox (mailbox_protocol.h): hardware's, which wake who
// waits 400 cycles sooner than an mbarrier (seen on an H100), five times a layer and way. Number 0
// is __syncthreads()'s, 1 the bodies' (device_block.cuh).
#pragma once

#include <cstdint>

#include "gpu_backend/cuda/kernel_args.h"

namespace mk::cuda {

// Where kThreads threads meet, those that arrive and those that await. A thread counts as its whole
// warp, so of the control warp one takes part.
template <int kNumber, std::uint32_t kThreads>
struct NamedBarrier {
  __device__ static void arrive() {
    asm volatile("barrier.cta.arrive %0, %1;" ::"n"(kNumber), "n"(kThreads) : "memory");
  }
  // (The hardware counts the phases.)
  __device__ static void await(std::uint32_t /*parity*/) {
    asm volatile("barrier.cta.sync %0, %1;" ::"n"(kNumber), "n"(kThreads) : "memory");
  }
};

using GoBarrier = NamedBarrier<2, kBlockThreads>;
using DoneBarrier = NamedBarrier<3, kBlockThreads>;

}  // namespace mk::cuda
