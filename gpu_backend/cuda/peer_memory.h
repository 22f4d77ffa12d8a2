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

#define MK_SCOPE "sys"
#include "gpu_backend/cuda/scoped_accesses.inc"
#undef MK_SCOPE

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
  // Its answer is not waited for.
  MK_HD static void add_release([[maybe_unused]] Cell32& cell,
                                [[maybe_unused]] std::uint32_t value) {
    MK_PTX("red.release.sys.global.add.u32 [%0], %1;" ::"l"(&cell.value), "r"(value));
  }

#undef MK_PTX
};

}  // namespace mk::cuda
