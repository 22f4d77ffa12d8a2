// DeviceBlock: the block context (block.h) on a GPU. The first Shape::kThreads threads of a block
// are its compute threads.
//
// sm_90 and later: a chunk is one bulk copy by one lane. sm_80: 16-byte asynchronous copies by all
// lanes. Both complete on an mbarrier. A copy that does not land ends the kernel by a trap after
// some seconds: the only thing a body ever waits for.
#pragma once

#include <cstdint>

#include "gpu_backend/cuda/block.h"
#include "gpu_backend/cuda/mbarrier.cuh"
#include "gpu_backend/cuda/named_barrier.cuh"

namespace mk::cuda {

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#define MK_HAS_BULK_COPY 1
#endif

// barrier_has_ended() that may take its time to say no.
__device__ __forceinline__ bool barrier_test(std::uint64_t* barrier, std::uint32_t parity) {
#if defined(MK_HAS_BULK_COPY)
  std::uint32_t ended;
  asm volatile(
      "{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2, 20000; "
      "selp.u32 %0, 1, 0, p; }"
      : "=r"(ended)
      : "r"(shared_address(barrier)), "r"(parity)
      : "memory");
  return ended != 0;
#else
  return barrier_has_ended(barrier, parity);
#endif
}

__device__ __forceinline__ std::uint64_t global_time() {
  std::uint64_t now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  return now;
}

__device__ __forceinline__ std::uint32_t sm_number() {
  std::uint32_t number;
  asm("mov.u32 %0, %%smid;" : "=r"(number));
  return number;
}

inline constexpr std::uint64_t kCopyDeadline = 10'000'000'000;  // ns

// kAwaitsInput: of a megakernel's worker, whose tasks begin before their events
// (mailbox_protocol.h).
template <class Shape, bool kAwaitsInput = false>
class DeviceBlock {
 public:
  __device__ DeviceBlock(unsigned char* shared, std::uint32_t work_bytes)
      : shared_(shared), work_bytes_(work_bytes) {
    // Read here, each time a block is made: what is computed from threadIdx is kept in registers
    // from body to body, by the bodies that need it for those that need the registers.
    asm volatile("mov.u32 %0, %%tid.x;" : "=r"(thread_));
  }

  __device__ std::uint32_t thread() const { return thread_; }
  __device__ std::uint32_t warp() const { return thread_ / 32; }
  __device__ std::uint32_t lane() const { return thread_ % 32; }
  __device__ static constexpr std::uint32_t warps() { return Shape::kWarps; }
  __device__ static constexpr std::uint32_t threads() { return Shape::kThreads; }
  __device__ unsigned char* shared() { return shared_; }
  __device__ std::uint32_t work_bytes() const { return work_bytes_; }

  __device__ void sync() { asm volatile("bar.sync 1, %0;" ::"n"(Shape::kThreads) : "memory"); }
  __device__ void warp_sync() { __syncwarp(); }
  template <class T>
  __device__ T shuffle_xor(T value, std::uint32_t mask) {
    return __shfl_xor_sync(0xffffffffU, value, static_cast<int>(mask));
  }
  __device__ __forceinline__ float sum(float value, std::uint32_t width) {
    for (std::uint32_t mask = width / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
    return value;
  }

  __device__ void init_barrier(std::uint64_t* barrier) { barrier_init(barrier, kArrivals); }
  __device__ static void publish_barriers() {
#if defined(MK_HAS_BULK_COPY)
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
  }

  __device__ void copy(void* to, const void* from, std::uint32_t bytes, std::uint64_t* barrier) {
#if defined(MK_HAS_BULK_COPY)
    if (lane() != 0) return;
    const std::uint32_t address = shared_address(barrier);
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(address), "r"(bytes)
                 : "memory");
    asm volatile(
        "{ .reg .b64 policy; createpolicy.fractional.L2::evict_first.b64 policy, 1.0; "
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint "
        "[%0], [%1], %2, [%3], policy; }" ::"r"(shared_address(to)),
        "l"(from), "r"(bytes), "r"(address)
        : "memory");
#else
    const auto* const source = static_cast<const unsigned char*>(from);
    const std::uint32_t target = shared_address(to);
    for (std::uint32_t i = lane() * 16; i < bytes; i += 512) {
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(target + i), "l"(source + i)
                   : "memory");
    }
    asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(shared_address(barrier))
                 : "memory");
#endif
  }

  __device__ void copy_rows(void* to, std::uint32_t to_stride, const void* from,
                            std::uint32_t from_stride, std::uint32_t rows, std::uint32_t bytes,
                            std::uint64_t* barrier) {
#if defined(MK_HAS_BULK_COPY)
    const std::uint32_t address = shared_address(barrier);
    if (lane() == 0) {
      asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(address),
                   "r"(rows * bytes)
                   : "memory");
    }
    __syncwarp();
    if (lane() >= rows) return;
    asm volatile(
        "{ .reg .b64 policy; createpolicy.fractional.L2::evict_first.b64 policy, 1.0; "
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint "
        "[%0], [%1], %2, [%3], policy; }" ::"r"(shared_address(to) + lane() * to_stride),
        "l"(static_cast<const unsigned char*>(from) + std::uint64_t{lane()} * from_stride),
        "r"(bytes), "r"(address)
        : "memory");
#else
    // Four lanes a row.
    const std::uint32_t row = lane() / 4;
    const auto* const source =
        static_cast<const unsigned char*>(from) + std::uint64_t{row} * from_stride;
    const std::uint32_t target = shared_address(to) + row * to_stride;
    for (std::uint32_t i = lane() % 4 * 16; i < bytes && row < rows; i += 64) {
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(target + i), "l"(source + i)
                   : "memory");
    }
    asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(shared_address(barrier))
                 : "memory");
#endif
  }

  __device__ __forceinline__ void mma(float (&c)[4], const std::uint32_t (&a)[4],
                                      const std::uint32_t (&b)[2]) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
        "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }

  // Into L2.
  __device__ void prefetch([[maybe_unused]] const void* from,
                           [[maybe_unused]] std::uint32_t bytes) {
#if defined(MK_HAS_BULK_COPY)
    asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(from), "r"(bytes) : "memory");
#endif
  }

  __device__ void wait(std::uint64_t* barrier, std::uint32_t parity) {
    if (barrier_test(barrier, parity)) return;
    const std::uint64_t since = global_time();
    while (!barrier_test(barrier, parity)) {
      if (global_time() - since > kCopyDeadline) __trap();
    }
  }

  __device__ bool await_input() {
    if constexpr (kAwaitsInput) {
      if (has_input_) return true;
      input_->barrier->meet(input_->parity);
      has_input_ = true;
      return input_->is_cancelled == 0;
    }
    return true;
  }
  __device__ const InputState* input() const { return input_; }
  __device__ void look_at_input(const InputState* input) { input_ = input; }
  // (The first lane decides for all.)
  __device__ bool wait_unless_input(std::uint64_t* barrier, std::uint32_t parity) {
    for (;;) {
      const bool input = input_->is_announced();
      const bool landed = barrier == nullptr || barrier_has_ended(barrier, parity);
      const unsigned seen = __shfl_sync(0xffffffffU, (input ? 1U : 0U) | (landed ? 2U : 0U), 0);
      if (seen != 0) return seen == 2;
    }
  }

  __device__ float exp(float x) { return __expf(x); }
  __device__ float rsqrt(float x) { return rsqrtf(x); }
  // (A true division calls a function, which costs the body registers.)
  __device__ float divide(float x, float y) { return __fdividef(x, y); }

 private:
#if defined(MK_HAS_BULK_COPY)
  static constexpr std::uint32_t kArrivals = 1;
#else
  static constexpr std::uint32_t kArrivals = 32;
#endif

  unsigned char* shared_;
  std::uint32_t work_bytes_;
  std::uint32_t thread_;
  bool has_input_ = false;
  const InputState* input_ = nullptr;
};

// The context is made anew there: a reference to it would hold it in memory.
template <class F, class Block, class... Args>
__device__ __noinline__ auto run_apart(unsigned char* shared, std::uint32_t work_bytes,
                                       const InputState* input, Args... args) {
  Block block(shared, work_bytes);
  block.look_at_input(input);
  return F::run(block, args...);
}
template <class F, class Shape, bool kAwaitsInput, class... Args>
__device__ __forceinline__ auto apart(DeviceBlock<Shape, kAwaitsInput>& c, Args... args) {
  return run_apart<F, DeviceBlock<Shape, kAwaitsInput>>(c.shared(), c.work_bytes(), c.input(),
                                                        args...);
}

}  // namespace mk::cuda
