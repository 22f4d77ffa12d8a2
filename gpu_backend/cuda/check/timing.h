// How fast is it? Real shapes with synthetic weights, each policy and baseline.
#pragma once

#include <string>
#include <vector>

#include "gpu_backend/cuda/check/report.h"
#include "gpu_backend/cuda/device.h"

namespace mk::cuda::check {

// Prints one table; `bandwidth` is what streaming reaches, bytes a second. Task records of a few
// iterations go as CSV into `folder`, and their means into a table of task kinds.
void time_model(const Device& device, const std::string& model, double bandwidth,
                const std::string& folder, Report& report);

}  // namespace mk::cuda::check
