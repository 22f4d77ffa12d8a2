// Is what the device computes right? Small models, every policy, several splits, every baseline.
#pragma once

#include <string>

#include "gpu_backend/cuda/check/report.h"
#include "gpu_backend/cuda/device.h"

namespace mk::cuda::check {

struct CorrectnessOptions {
  std::string part_of_name{};  // only the cases whose name contains it
  // Kernels run so many times slower, under a tool that watches them: limits are so much longer;
  // above 1 a decode is of three iterations, and each policy has one split of few workers.
  double slow_down = 1;
};

// Each body's output against the host's, the greedy tokens against the host's, the same bits under
// each policy and split.
void check_correctness(const Device& device, const CorrectnessOptions& options, Report& report);

// 200 launches in a row, policies and splits in turn: none hangs, all give the same tokens.
void check_many_launches(const Device& device, Report& report);

// A run that cannot end must end itself, with its report.
void check_stuck_run(const Device& device, Report& report);

}  // namespace mk::cuda::check
