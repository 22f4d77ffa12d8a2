// The three barriers of a worker block's mailbox (mailbox_protocol.h): hardware's, which wake who
// waits 400 cycles sooner than an mbarrier (seen on an H100), five times a layer and way. Number 0
// is __syncthreads()'s, 1 the bodies' (device_block.cuh).
//
// racecheck does not see what they order (check/racecheck_barriers.cu). For it there is a build
// whose three are mbarriers (MEGASCOPE_CUDA_MBARRIERS).
#pragma once

#include <cstdint>

#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/mbarrier.cuh"

namespace mk::cuda {

#if defined(MEGASCOPE_CUDA_MBARRIERS)

// kArrivals end a phase.
template <std::uint32_t kArrivals>
class MailboxBarrier {
 public:
  __device__ void init() { barrier_init(&word_, kArrivals); }
  __device__ void arrive() {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(&word_))
                 : "memory");
  }
  __device__ void await(std::uint32_t parity) {
    while (!barrier_has_ended(&word_, parity)) {
    }
  }
  __device__ void meet(std::uint32_t parity) {
    arrive();
    await(parity);
  }

 private:
  std::uint64_t word_;
};

using GoBarrier = MailboxBarrier<DeviceShape::kThreads + 1>;
using DoneBarrier = MailboxBarrier<DeviceShape::kThreads>;
using InputBarrier = MailboxBarrier<DeviceShape::kThreads + 1>;

#else

// Where kBlockThreads threads come, those that arrive and those that await. A thread counts as its
// whole warp, so of the control warp one takes part. (The hardware counts the phases.)
template <int kNumber>
class MailboxBarrier {
 public:
  __device__ static void init() {}
  __device__ static void arrive() {
    asm volatile("barrier.cta.arrive %0, %1;" ::"n"(kNumber), "n"(kBlockThreads) : "memory");
  }
  __device__ static void await(std::uint32_t /*parity*/) {
    asm volatile("barrier.cta.sync %0, %1;" ::"n"(kNumber), "n"(kBlockThreads) : "memory");
  }
  __device__ static void meet(std::uint32_t parity) { await(parity); }
};

using GoBarrier = MailboxBarrier<2>;
using DoneBarrier = MailboxBarrier<3>;
using InputBarrier = MailboxBarrier<4>;

#endif

struct MailboxBarriers {
  GoBarrier go;
  InputBarrier input;
  DoneBarrier done;

  // By one thread, then the block has to meet.
  __device__ void init() {
    go.init();
    input.init();
    done.init();
  }
};

// Where a task's input is looked for, in shared memory.
struct InputState {
  std::uint32_t is_there = 0;  // a hint for who waits for something else: it orders nothing
  std::uint32_t parity = 0;
  InputBarrier* barrier = nullptr;
  std::uint32_t is_cancelled = 0;  // read behind the barrier

#if defined(MEGASCOPE_CUDA_MBARRIERS)  // racecheck takes atomics for what they are
  __device__ void announce() { atomicExch_block(&is_there, 1U); }
  __device__ bool is_announced() const {
    return atomicOr_block(const_cast<std::uint32_t*>(&is_there), 0U) != 0;
  }
#else
  __device__ void announce() {
    asm volatile("st.relaxed.cta.shared::cta.u32 [%0], 1;" ::"r"(shared_address(&is_there))
                 : "memory");
  }
  __device__ bool is_announced() const {
    std::uint32_t said;
    asm volatile("ld.relaxed.cta.shared::cta.u32 %0, [%1];"
                 : "=r"(said)
                 : "r"(shared_address(&is_there))
                 : "memory");
    return said != 0;
  }
#endif
};

}  // namespace mk::cuda
