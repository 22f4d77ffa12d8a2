// DeviceMemory: the protocol's memory policy on a GPU, as inline PTX, so that scope, order and
// state space of every access are what this file says: device scope (.gpu), global memory, and
// nothing stronger than acquire and release. Loops spin on relaxed loads; one acquire follows.
//
// The functions do nothing on the host: they are there because the protocol's templates compile
// for both sides.
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace mk::cuda {

template <class T>
struct DeviceCell {
  T value{};
};

struct SystemMemory;

struct DeviceMemory {
  using Peer = SystemMemory;  // peer_memory.h
  template <class T>
  using atom = DeviceCell<T>;
  template <class T>
  using plain = T;
  using Cell32 = DeviceCell<std::uint32_t>;
  using Cell64 = DeviceCell<std::uint64_t>;

  static constexpr std::uint32_t kTurnsPerHalt = 32;
  static constexpr std::uint32_t kTurnsPerClock = 1U << 13;  // some milliseconds

#define MK_SCOPE "gpu"
#include "gpu_backend/cuda/scoped_accesses.inc"
#undef MK_SCOPE

  MK_HD static void store_relaxed([[maybe_unused]] Cell32& cell,
                                  [[maybe_unused]] std::uint32_t value) {
    MK_PTX("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(&cell.value), "r"(value));
    host_only(cell, value);
  }
  MK_HD static void store_relaxed([[maybe_unused]] Cell64& cell,
                                  [[maybe_unused]] std::uint64_t value) {
    MK_PTX("st.relaxed.gpu.global.u64 [%0], %1;" ::"l"(&cell.value), "l"(value));
    host_only(cell, value);
  }
  MK_HD static void store_release([[maybe_unused]] Cell32& cell,
                                  [[maybe_unused]] std::uint32_t value) {
    MK_PTX("st.release.gpu.global.u32 [%0], %1;" ::"l"(&cell.value), "r"(value));
    host_only(cell, value);
  }
  MK_HD static void store_release([[maybe_unused]] Cell64& cell,
                                  [[maybe_unused]] std::uint64_t value) {
    MK_PTX("st.release.gpu.global.u64 [%0], %1;" ::"l"(&cell.value), "l"(value));
    host_only(cell, value);
  }
  MK_HD static bool exchange_if([[maybe_unused]] Cell64& cell,
                                [[maybe_unused]] std::uint64_t expected,
                                [[maybe_unused]] std::uint64_t desired) {
    std::uint64_t found = 0;
    MK_PTX("atom.relaxed.gpu.global.cas.b64 %0, [%1], %2, %3;"
           : "=l"(found)
           : "l"(&cell.value), "l"(expected), "l"(desired));
    return found == expected;
  }

  MK_HD static void forget([[maybe_unused]] std::uint32_t& value) { MK_PTX("" : "+r"(value) :); }

  // Short sleeps: a waiting warp must not crowd out the warps of its SM that compute.
  MK_HD static void pause(std::uint32_t /*turn*/, std::uint32_t sleep_ns) {
#if defined(__CUDA_ARCH__)
    if (sleep_ns != 0) __nanosleep(sleep_ns);
#else
    static_cast<void>(sleep_ns);
#endif
  }

  MK_HD static std::uint64_t clock_ns() {
    std::uint64_t now = 0;
    MK_PTX("mov.u64 %0, %%globaltimer;" : "=l"(now) :);
    return now;
  }

  // The one access to the host's memory: system scope, rarely.
  MK_HD static bool stop_requested([[maybe_unused]] const std::uint32_t* request) {
    std::uint32_t value = 0;
    MK_PTX("ld.relaxed.sys.global.u32 %0, [%1];" : "=r"(value) : "l"(request));
    return value != 0;
  }

#undef MK_PTX

 private:
  template <class T>
  MK_HD static void host_only([[maybe_unused]] DeviceCell<T>& cell, [[maybe_unused]] T value) {
#if !defined(__CUDA_ARCH__)
    cell.value = value;
#endif
  }
};

}  // namespace mk::cuda
