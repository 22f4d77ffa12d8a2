// What the linear bodies share: a warp's ring of shared-memory chunks, filled by the warp itself.
#pragma once

#include <cstdint>

#include "gpu_backend/cuda/block.h"

namespace mk::cuda {

// A warp's ring, as each of its lanes knows it. Chunks are numbered over the whole run. Between
// bodies it lies in memory: bodies that do not stream need the registers.
struct WarpStream {
  std::uint32_t requested = 0;
  std::uint32_t used = 0;
};

}  // namespace mk::cuda
