// Block context: what a task body asks of the thread block that runs it. Bodies are templates over
// a context C, so that one source runs on the device (device_block.cuh) and on CPU fibers
// (tests/gpu_backend/cuda/fiber_block.h), where schedules are drawn at random, copies land late and
// memory that is waiting for a copy is poisoned.
//
// Only the compute warps of a block run bodies. A context has
//   thread(), warp(), lane(), warps(), threads()   place among the compute threads
//   shared()          the block's shared memory, aligned to 128
//   work_bytes()      bytes of the work area behind SharedMemory<Shape>
//   sync()            barrier of all compute threads
//   warp_sync()       barrier of the warp's lanes; orders their memory
//   shuffle_xor(v, mask)   the value of lane (lane() ^ mask); v is float or u32
//   sum(v, width), max(v)  butterfly over the lanes of each aligned group of `width`; same bits in
//                     all lanes
//   init_barrier(b)   by one thread, before any use; then publish_barriers() by it, and sync()
//   copy(to, from, bytes, b)   whole warp: global to shared memory, asynchronously; b's current
//                     phase ends once it has landed. 16-byte alignment of all three. At most one
//                     copy a barrier is in flight.
//   copy_rows(to, to_stride, from, from_stride, rows, bytes, b)   the same for up to 8 rows of
//                     `bytes`, strides in bytes, as one copy
//   mma(c, a, b)      whole warp: c[16][8] += a[16][16] b[16][8], bf16 with float sums, spread over
//                     the lanes as those of mma.m16n8k16: lane (g, t) = (lane / 4, lane % 4) has
//                     a[g], a[g + 8] of columns 2 t, 2 t + 1, then of 2 t + 8, 2 t + 9; those rows
//                     of b's column g; columns 2 t, 2 t + 1 of c[g], then of c[g + 8]
//   prefetch(from, bytes)   by one lane: a hint that these bytes of global memory will be read
//   soon.
//                     16-byte alignment of both.
//   wait(b, parity)   returns once the phase of that parity has ended; the copy's bytes can be read
//   await_input()     returns once the task's event is active and what it brings can be read. A
//                     body begins before that and calls this before it reads an input, as often as
//                     it likes. The first call is a barrier of all compute threads. False: the run
//                     is over, and nothing was brought.
//   wait_unless_input(b, parity)   whole warp: as wait(), but false once the event is active; the
//                     same in all lanes. b may be null: there is nothing to wait for.
//   exp(x), rsqrt(x), divide(x, y)   fast ones; x / y is 0 where |y| > 2^126
// Every thread of the block (warp) calls sync() (warp_sync, shuffles, copy) or none does.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu_backend/cuda/bf16.h"

namespace mk::cuda {

// Warps that run bodies, and each warp's ring of `kStages` chunks of `kChunkBytes`.
template <std::uint32_t Warps, std::uint32_t Stages, std::uint32_t ChunkBytes>
struct BlockShape {
  static constexpr std::uint32_t kWarps = Warps;
  static constexpr std::uint32_t kThreads = 32 * Warps;
  static constexpr std::uint32_t kStages = Stages;
  static constexpr std::uint32_t kChunkBytes = ChunkBytes;
  static constexpr std::uint32_t kChunkElements = ChunkBytes / 2;
  static_assert(ChunkBytes % 1024 == 0, "whole steps of a warp: 128 elements, two rows");
};

// Layout of a block's shared memory; the work area of the bodies follows it.
template <class Shape>
struct SharedMemory {
  unsigned char ring[Shape::kWarps][Shape::kStages][Shape::kChunkBytes];
  std::uint64_t full[Shape::kWarps][Shape::kStages];
  float scratch[2 * 32];   // one or two words a warp
  std::uint32_t used[32];  // chunks that a warp has used, as of the last body's end
  alignas(128) unsigned char work[1];

  static constexpr std::size_t kFixedBytes =
      (Shape::kWarps * Shape::kStages * (Shape::kChunkBytes + 8) + 256 + 128 + 127) / 128 * 128;
};

template <class Shape, class C>
MK_INLINE SharedMemory<Shape>& shared_of(C& c) {
  static_assert(offsetof(SharedMemory<Shape>, work) == SharedMemory<Shape>::kFixedBytes);
  return *reinterpret_cast<SharedMemory<Shape>*>(c.shared());
}

template <class T, class Shape, class C>
MK_INLINE T* work_of(C& c) {
  return reinterpret_cast<T*>(shared_of<Shape>(c).work);
}

// Once a block, before any body, by one thread; then the block has to meet.
template <class Shape, class C>
MK_HD void init_shared_alone(C& c) {
  SharedMemory<Shape>& shared = shared_of<Shape>(c);
  for (std::uint32_t w = 0; w < Shape::kWarps; ++w) shared.used[w] = 0;
  for (std::uint32_t i = 0; i < Shape::kWarps * Shape::kStages; ++i) {
    c.init_barrier(&shared.full[i / Shape::kStages][i % Shape::kStages]);
  }
  c.publish_barriers();
}
template <class Shape, class C>
MK_HD void init_shared(C& c) {
  if (c.thread() == 0) init_shared_alone<Shape>(c);
  c.sync();
}

// F::run(c, args...). On a device it is a function of its own, so that what it needs of registers
// takes none from other bodies (device_block.cuh).
template <class F, class C, class... Args>
MK_INLINE auto apart(C& c, Args... args) {
  return F::run(c, args...);
}

// The sum over all compute threads, the same bits in each.
template <class Shape, class C>
MK_HD float block_sum(C& c, float value) {
  float* const scratch = shared_of<Shape>(c).scratch;
  value = c.sum(value, 32);
  if (c.lane() == 0) scratch[c.warp()] = value;
  c.sync();
  float total = 0;
  for (std::uint32_t w = 0; w < Shape::kWarps; ++w) total += scratch[w];
  c.sync();
  return total;
}

}  // namespace mk::cuda
