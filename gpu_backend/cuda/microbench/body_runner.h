// BodyRunner: task bodies on SMs of their own, timed. What all measurements of bodies stand on.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/microbench/measure.h"

namespace mk::cuda::microbench {

inline constexpr std::uint32_t kBodyCount = 8;  // bodies a block runs
inline constexpr std::uint32_t kHeadDim = 128;  // of the caches that attention reads
inline constexpr std::uint32_t kMostContext = 2048;

// Of all bodies but the first of each block, which finds cold code: block by block.
struct BodyTimes {
  std::vector<double> total_us{};
  std::vector<double> first_us{};  // until the first chunk had landed
  std::vector<double> last_us{};
  std::vector<std::uint32_t> sm{};  // a block

  static constexpr std::size_t kKept = kBodyCount - 1;
  std::uint32_t sm_of(std::size_t body) const { return sm[body / kKept]; }
};

class BodyRunner {
 public:
  using MakeTask = std::function<TaskDescriptor(std::uint32_t block)>;

  explicit BodyRunner(Lab& lab);

 protected:
  // Floats of x, and of y.
  static constexpr std::size_t kActivations = 4 << 20;

  // `kBodyCount` bodies on each of `active` SMs, made block by block. Timed: when their copies
  // land, too, for which all of it takes longer. In step: each begins when all blocks have ended
  // the one before.
  BodyTimes time(const char* what, std::uint32_t active, const StepRow& step, const MakeTask& make,
                 bool is_timed = false, bool in_step = false);

  TaskDescriptor linear_task(TaskKind kind, LinearInput input, std::uint32_t in, std::uint32_t rows,
                             std::uint32_t tokens, const unsigned char* weights,
                             std::uint32_t block) const;

  Lab& lab_;
  Table<float> x_;
  Table<float> y_;
  Table<float> small_;  // norms' weights, positions' turns

 private:
  std::uint32_t work_bytes_ = 0;
};

}  // namespace mk::cuda::microbench
