// How fast is each way to run at its best? Each policy with its best split and the baselines, in
// turns; cuBLAS beside our linears; the recorder's cost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gpu_backend/cuda/check/report.h"
#include "gpu_backend/cuda/device.h"

namespace mk::cuda::check {

// Rows into the report's "speed" (medians over rounds), "splits" (one run of each split) and
// "linears". `bandwidth` is what streaming reaches, bytes a second. Weights are loaded once.
void compare_speed(const Device& device, const std::string& model,
                   const std::vector<std::uint32_t>& batches, double bandwidth, Report& report);

}  // namespace mk::cuda::check
