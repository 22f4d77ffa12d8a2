// What the linear bodies share: a warp's ring of shared-memory chunks, filled by the warp itself.
#pragma once

#include <cstdint>

#include "core/row_deal.h"
#include "gpu_backend/cuda/block.h"

namespace mk::cuda {

// A warp's ring, as each of its lanes knows it. Chunks are numbered over the whole run. Between
// bodies it lies in memory: bodies that do not stream need the registers.
struct WarpStream {
  std::uint32_t requested = 0;
  std::uint32_t used = 0;
};

// So that other warps know where this one's ring stands. After each body, before the block meets.
template <class Shape, class C>
MK_INLINE void publish_used(C& c, const WarpStream& stream) {
  if (c.lane() == 0) shared_of<Shape>(c).used[c.warp()] = stream.used;
}

// Whole warp: until a task's chunk number `turn` may be requested: warp w's chunk k has number
// k * kWarps + w, and comes `under_way` after another. False: the event is active, and the body
// itself asks for what is missing. chunks_of(w) says how many chunks of the task a warp has.
// Requires: nothing of the task was used, and publish_used() after the last body.
template <class Shape, class C, class ChunksOf>
MK_INLINE bool await_turn(C& c, std::uint32_t turn, std::uint32_t under_way, ChunksOf&& chunks_of) {
  if (turn < under_way) return c.wait_unless_input(nullptr, 0);
  const std::uint32_t warp = (turn - under_way) % Shape::kWarps;
  const std::uint32_t chunk = (turn - under_way) / Shape::kWarps;
  if (chunk >= chunks_of(warp)) return c.wait_unless_input(nullptr, 0);
  SharedMemory<Shape>& shared = shared_of<Shape>(c);
  const std::uint32_t at = shared.used[warp] + chunk;
  return c.wait_unless_input(&shared.full[warp][at % Shape::kStages], at / Shape::kStages & 1U);
}

}  // namespace mk::cuda
