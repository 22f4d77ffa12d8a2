// What tests of single bodies share: a small block of fibers that runs tasks in order, contexts
// with one thing wrong, data at random, and the distance from double precision.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "gpu_backend/cuda/bodies/run_body.h"
#include "tests/gpu_backend/cuda/fiber_block.h"

namespace mk::cuda::test {

using Shape = BlockShape<2, 3, 1024>;
inline constexpr std::uint64_t kWorkBytes = 24 << 10;

template <class S = Shape>
FiberGrid::Options grid_options(std::uint64_t seed) {
  return {.blocks = 1,
          .warps = S::kWarps,
          .shared_bytes = SharedMemory<S>::kFixedBytes + kWorkBytes,
          .fixed_bytes = SharedMemory<S>::kFixedBytes,
          .seed = seed};
}

// A context with one thing wrong.
struct SkipsWait : FiberContext {
  using FiberContext::FiberContext;
  explicit SkipsWait(const FiberContext& c) : FiberContext(c) {}
  void wait(std::uint64_t*, std::uint32_t) {}
};
struct ReleasesEarly : FiberContext {
  explicit ReleasesEarly(const FiberContext& c) : FiberContext(c) {}
  void warp_sync() {}
};
struct SkipsSync : FiberContext {
  explicit SkipsSync(const FiberContext& c) : FiberContext(c) {}
  void sync() {}
};

template <class Context = FiberContext, class S = Shape>
std::string run_tasks(const std::vector<TaskDescriptor>& tasks, const Step& step,
                      std::uint64_t seed = 1) {
  FiberGrid grid(grid_options<S>(seed));
  return grid.run([&](FiberContext& c) {
    init_shared<S>(c);
    Context context(c);
    WarpStream stream;
    for (const TaskDescriptor& task : tasks) {
      run_body<S>(context, stream, task, step);
      c.sync();
    }
  });
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::vector<float> floats(std::size_t n) {
    std::vector<float> all(n);
    for (float& v : all) v = normal_(engine_);
    return all;
  }
  std::vector<Bf16> bf16s(std::size_t n) {
    std::vector<Bf16> all(n);
    for (Bf16& v : all) v = to_bf16(normal_(engine_));
    return all;
  }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<float> normal_{0, 1};
};

// max |got - want| / max |want|; infinite where `got` is no number.
inline double error_of(const std::vector<float>& got, const std::vector<double>& want) {
  double worst = 0;
  double largest = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double difference = std::abs(static_cast<double>(got[i]) - want[i]);
    worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
    largest = std::max(largest, std::abs(want[i]));
  }
  return worst / largest;
}

}  // namespace mk::cuda::test
