// FiberGrid: runs task bodies on the CPU as a GPU would: every thread of every block is a fiber,
// and a seeded scheduler on one OS thread draws who runs next.
//
// What it makes harder than a GPU does, so that tests find more:
//   - an asynchronous copy lands at a random later step; until then its target is filled with 0xff
//     (NaN as bf16 and as float);
//   - shared memory is 0xff at first;
//   - misuse (a misaligned copy, two copies on one barrier, a barrier initialised twice, fibers
//   that
//     wait for each other in a circle) ends the run with a sentence.
// The same seed gives the same run. Interleavings are sequentially consistent.
//
// Under ThreadSanitizer each GPU thread and each copy is a thread of its own, ordered with others
// only by what orders them on a GPU (race_checker.h): block and warp barriers, a copy's issue and
// the wait for it, the program's atomics. So it finds races, whatever the interleaving.
#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gpu_backend/cuda/block.h"

namespace mk::cuda::test {

class FiberGrid;
struct Fiber;

// Fibers that wait until `expected` of them have come.
struct FiberBarrier {
  std::uint32_t expected = 0;
  std::uint32_t arrived = 0;
  std::uint32_t generation = 0;
  char order[2] = {};  // race_checker.h; by generation, in turn
  std::vector<Fiber*> waiting{};
};

// A barrier that copies complete.
struct CopyBarrier {
  std::uint32_t phase = 0;
  bool in_flight = false;
  std::deque<char> order{};  // race_checker.h; by phase
  std::vector<Fiber*> waiting{};
};

struct FiberWarp {
  FiberBarrier barrier{};    // of warp_sync()
  FiberBarrier exchanges{};  // of shuffles, which order no memory
  // The most words that lanes exchange at once: both factors of a product.
  static constexpr std::uint32_t kWords = 6;
  std::uint32_t exchange[2][32][kWords] = {};
};

struct FiberBlockState {
  std::uint32_t number = 0;
  std::unique_ptr<unsigned char[]> storage{};
  unsigned char* shared = nullptr;
  std::uint32_t work_bytes = 0;
  bool has_input = false;
  FiberBarrier barrier{};
  std::vector<FiberWarp> warps{};
  std::map<const std::uint64_t*, CopyBarrier> copy_barriers{};
};

// The block context (gpu_backend/cuda/block.h) of one fiber.
class FiberContext {
 public:
  FiberContext(FiberGrid& grid, FiberBlockState& block, std::uint32_t thread)
      : grid_(grid), block_(block), thread_(thread) {}

  std::uint32_t block() const { return block_.number; }
  std::uint32_t thread() const { return thread_; }
  std::uint32_t warp() const { return thread_ / 32; }
  std::uint32_t lane() const { return thread_ % 32; }
  std::uint32_t warps() const { return static_cast<std::uint32_t>(block_.warps.size()); }
  std::uint32_t threads() const { return warps() * 32; }
  unsigned char* shared() { return block_.shared; }
  std::uint32_t work_bytes() const { return block_.work_bytes; }

  void sync();
  void warp_sync();
  void yield();  // lets others run: in loops that wait for other blocks
  std::uint32_t shuffle_xor(std::uint32_t value, std::uint32_t mask);
  float shuffle_xor(float value, std::uint32_t mask);
  float sum(float value, std::uint32_t width);

  void init_barrier(std::uint64_t* barrier);
  void publish_barriers() {}
  void copy(void* to, const void* from, std::uint32_t bytes, std::uint64_t* barrier) {
    copy_rows(to, bytes, from, bytes, 1, bytes, barrier);
  }
  void copy_rows(void* to, std::uint32_t to_stride, const void* from, std::uint32_t from_stride,
                 std::uint32_t rows, std::uint32_t bytes, std::uint64_t* barrier);
  // Sums are exact, then rounded towards zero: no device does worse.
  void mma(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]);
  void prefetch(const void* from, std::uint32_t bytes);  // checks the alignment
  void wait(std::uint64_t* barrier, std::uint32_t parity);
  bool await_input();
  // With Options::input_comes the input comes at a random one of these calls, once for the block.
  bool wait_unless_input(std::uint64_t* barrier, std::uint32_t parity);

  float exp(float x) { return std::exp(x); }
  float rsqrt(float x) { return 1.0F / std::sqrt(x); }
  float divide(float x, float y) { return x / y; }

 private:
  // Every lane's words, valid until this lane's next exchange.
  using Words = std::uint32_t[FiberWarp::kWords];
  const Words* exchange(const std::uint32_t* words, std::uint32_t count);

  FiberGrid& grid_;
  FiberBlockState& block_;
  std::uint32_t thread_;
  std::uint32_t exchanges_ = 0;
};

class FiberGrid {
 public:
  struct Options {
    std::uint32_t blocks = 1;
    std::uint32_t warps = 2;
    std::uint64_t shared_bytes = 0;  // all of it
    std::uint64_t fixed_bytes = 0;   // before the work area
    std::uint64_t seed = 1;
    bool input_comes = false;  // while something is waited for that is not it
    bool is_over = false;      // the run: no task has an input any more
  };

  explicit FiberGrid(const Options& options);
  ~FiberGrid();
  FiberGrid(const FiberGrid&) = delete;
  FiberGrid& operator=(const FiberGrid&) = delete;

  // Runs `body` in every thread of every block. Empty iff all of them returned, else what went
  // wrong. Once.
  std::string run(const std::function<void(FiberContext&)>& body);

 private:
  friend class FiberContext;
  friend struct FiberEntry;
  struct PendingCopy;

  void wait_on(FiberBarrier& barrier, bool orders_memory);
  void switch_to_scheduler();
  void park(std::vector<Fiber*>& list);
  void wake(std::vector<Fiber*>& list);
  void land_copies();
  void resume(Fiber& fiber);
  void fail(std::string what);

  std::mt19937_64 random_;
  bool input_comes_;
  bool is_over_;
  std::vector<std::unique_ptr<FiberBlockState>> blocks_{};
  std::vector<std::unique_ptr<Fiber>> fibers_{};
  std::vector<Fiber*> ready_{};
  std::vector<Fiber*> never_{};  // who failed: does not go on
  std::vector<PendingCopy> copies_;
  Fiber* current_ = nullptr;
  std::size_t running_ = 0;
  std::string fault_{};
  char ended_ = 0;  // race_checker.h
  struct SchedulerContext;
  std::unique_ptr<SchedulerContext> scheduler_;
};

}  // namespace mk::cuda::test
