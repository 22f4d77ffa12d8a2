// GpuRun: what was measured on a GPU, as it lies in experiments/gpu_validation/results. A line of
// YYYY-MM-DD-*.jsonl is a run: device; its times, either `us` (one a launch) or median_us and
// quartiles_us; and its name, or model, batch and how.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace mk {

struct GpuRun {
  std::string name{};  // "blind-1/workers-96", "torch/qwen3-8b-batch1-graph"
  std::string device{};
  std::string date{};  // of the file's name
  double median_us = 0;
  double low_us = 0;  // quartiles, or of several launches the fastest and the slowest
  double high_us = 0;
};

// Errors name the file and the line.
Result<std::vector<GpuRun>> read_gpu_runs(std::string_view text, std::string_view file);

// All files that the program carries.
const std::vector<GpuRun>& builtin_gpu_runs();

// One run's ms, or the first over the second, with what their ranges allow.
struct GpuFigure {
  double value = 0;
  double low = 0;
  double high = 0;
  std::string where{};  // "NVIDIA H100 80GB HBM3, 2026-11-25"
};

// NotFound names the run. Requires: one or two names.
Result<GpuFigure> figure_of(const std::vector<GpuRun>& runs, const std::vector<std::string>& names);

}  // namespace mk
