// WarpTeam: the 32 lanes of a warp as a team of the protocol (protocol/team.h).
#pragma once

#include <cstdint>

#include "gpu_backend/protocol/ring.h"

namespace mk::cuda {

struct WarpTeam {
  __device__ static std::uint32_t lane() { return threadIdx.x % 32; }
  __device__ static constexpr std::uint32_t lanes() { return 32; }
  __device__ void sync() const { __syncwarp(); }
  __device__ bool from_first(bool value) const {
    __syncwarp();  // a shuffle orders no memory
    return __shfl_sync(kAll, static_cast<int>(value), 0) != 0;
  }
  __device__ protocol::Item from_first(protocol::Item item) const {
    __syncwarp();
    return {__shfl_sync(kAll, item.id, 0), __shfl_sync(kAll, item.iteration, 0)};
  }
  __device__ bool all(bool yes) const { return __all_sync(kAll, static_cast<int>(yes)) != 0; }

 private:
  static constexpr std::uint32_t kAll = 0xffffffffU;
};

}  // namespace mk::cuda
