// SystemMemory: DeviceMemory's twin at system scope, for the cells that several GPUs write:
// counters of events that peers notify, boundaries, queues of what peers activated
// (protocol/peers.h). The only code besides the host's stop request that is allowed `.sys`; a test
// holds the PTX to it.
//
// Cells are in the memory of one GPU; its peers reach them over peer access (NVLink), which must
// have native atomics.
#pragma once

#include <cstdint>

#include "gpu_backend/cuda/device_memory.h"

namespace mk::cuda {

struct SystemMemory {
  template <class T>
  using atom = DeviceCell<T>;
  using Cell32 = DeviceCell<std::uint32_t>;
  using Cell64 = DeviceCell<std::uint64_t>;

#if defined(__CUDA_ARCH__)
#define MK_PTX(...) asm volatile(__VA_ARGS__ : "memory")
#else
#define MK_PTX(...)
#endif

  MK_HD static std::uint32_t load_relaxed([[maybe_unused]] const Cell32& cell) {
    std::uint32_t value = 0;
    MK_PTX("ld.relaxed.sys.global.u32 %0, [%1];" : "=r"(value) : "l"(&cell.value));
    return value;
  }
  MK_HD static std::uint64_t load_relaxed([[maybe_unused]] const Cell64& cell) {
    std::uint64_t value = 0;
    MK_PTX("ld.relaxed.sys.global.u64 %0, [%1];" : "=l"(value) : "l"(&cell.value));
    return value;
  }
  MK_HD static std::uint32_t load_acquire([[maybe_unused]] const Cell32& cell) {
    std::uint32_t value = 0;
    MK_PTX("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(value) : "l"(&cell.value));
    return value;
  }
  MK_HD static std::uint64_t load_acquire([[maybe_unused]] const Cell64& cell) {
    std::uint64_t value = 0;
    MK_PTX("ld.acquire.sys.global.u64 %0, [%1];" : "=l"(value) : "l"(&cell.value));
    return value;
  }
  MK_HD static void store_relaxed([[maybe_unused]] Cell32& cell,
                                  [[maybe_unused]] std::uint32_t value) {
    MK_PTX("st.relaxed.sys.global.u32 [%0], %1;" ::"l"(&cell.value), "r"(value));
  }
  MK_HD static void store_relaxed([[maybe_unused]] Cell64& cell,
                                  [[maybe_unused]] std::uint64_t value) {
    MK_PTX("st.relaxed.sys.global.u64 [%0], %1;" ::"l"(&cell.value), "l"(value));
  }
  MK_HD static void store_release([[maybe_unused]] Cell64& cell,
                                  [[maybe_unused]] std::uint64_t value) {
    MK_PTX("st.release.sys.global.u64 [%0], %1;" ::"l"(&cell.value), "l"(value));
  }
  MK_HD static std::uint32_t add_relaxed([[maybe_unused]] Cell32& cell,
                                         [[maybe_unused]] std::uint32_t value) {
    std::uint32_t before = 0;
    MK_PTX("atom.relaxed.sys.global.add.u32 %0, [%1], %2;"
           : "=r"(before)
           : "l"(&cell.value), "r"(value));
    return before;
  }
  MK_HD static std::uint32_t add_acq_rel([[maybe_unused]] Cell32& cell,
                                         [[maybe_unused]] std::uint32_t value) {
    std::uint32_t before = 0;
    MK_PTX("atom.acq_rel.sys.global.add.u32 %0, [%1], %2;"
           : "=r"(before)
           : "l"(&cell.value), "r"(value));
    return before;
  }
  // Its answer is not waited for.
  MK_HD static void add_release([[maybe_unused]] Cell32& cell,
                                [[maybe_unused]] std::uint32_t value) {
    MK_PTX("red.release.sys.global.add.u32 [%0], %1;" ::"l"(&cell.value), "r"(value));
  }

#undef MK_PTX
};

}  // namespace mk::cuda
