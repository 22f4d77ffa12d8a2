// Cells of a blind test (experiments/gpu_validation/blind), measured in one process: a model's
// weights are made once, and cut anew for each cell.
#pragma once

#include <string>

#include "gpu_backend/cuda/check/report.h"
#include "gpu_backend/cuda/device.h"

namespace mk::cuda::check {

// `cells` is a JSON file: [{"name": ..., "model": ..., "flags": "--policy static --workers 132
// ...", "preload": "on"}, ...], flags as `megascope run` has them, cells of one model side by side.
// Each is run twice, the second time in reverse order, with the prompt and length that blind.py
// gives a run of its own. `out` has a list of two objects: name -> us, the median iteration, or
// what went wrong. It is written after each model, so that what was measured stays when the time is
// up.
void measure_cells(const Device& device, const std::string& cells, const std::string& out,
                   Report& report);

}  // namespace mk::cuda::check
