// What the microbenchmark's kernels share: guarded waits and spans of time.
#pragma once

#include "gpu_backend/cuda/device_block.cuh"
#include "gpu_backend/cuda/microbench/kernels.h"

namespace mk::cuda::microbench {

__device__ __forceinline__ std::uint64_t sm_clock() {
  std::uint64_t now;
  asm volatile("mov.u64 %0, %%clock64;" : "=l"(now)::"memory");
  return now;
}

__device__ __forceinline__ std::uint32_t sm_number() {
  std::uint32_t number;
  asm("mov.u32 %0, %%smid;" : "=r"(number));
  return number;
}

class Stopwatch {
 public:
  __device__ __forceinline__ void start() {
    ns_ = global_time();
    cycles_ = sm_clock();
  }
  __device__ __forceinline__ Span stop() const {
    const std::uint64_t cycles = sm_clock();
    return {cycles - cycles_, global_time() - ns_};
  }

 private:
  std::uint64_t cycles_ = 0;
  std::uint64_t ns_ = 0;
};

// Spins until ready(); false iff that took too long, here or elsewhere.
template <class Ready>
__device__ __forceinline__ bool await(const Guard& guard, std::uint32_t sleep_ns, Ready&& ready) {
  std::uint64_t since = 0;
  for (std::uint32_t turn = 1; !ready(); ++turn) {
    if (sleep_ns != 0) __nanosleep(sleep_ns);
    if (turn % 1024 != 0) continue;
    const std::uint64_t now = global_time();
    if (since == 0) since = now;
    if (now - since > guard.limit_ns) DeviceMemory::store_relaxed(*guard.late, 1U);
    if (DeviceMemory::load_relaxed(*guard.late) != 0) return false;
  }
  return true;
}

// One thread of each of `count` blocks: none goes on before all are here.
__device__ __forceinline__ bool meet(const Guard& guard, Word* ready, std::uint32_t count) {
  DeviceMemory::add_acq_rel(*ready, 1U);
  return await(guard, 0, [&] { return DeviceMemory::load_relaxed(*ready) >= count; });
}

template <class Args>
const void* kernel_symbol(void (*kernel)(Args)) {
  return reinterpret_cast<const void*>(kernel);
}

}  // namespace mk::cuda::microbench
