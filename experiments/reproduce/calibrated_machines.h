// The machines that were calibrated on runs, under names that recipes can use: "h100-calibrated" is
// experiments/gpu_validation/blind/round-2/calibrated.json, fitted to five runs on an H100.
#pragma once

#include <string_view>

#include "experiments/sweep/catalogue.h"

namespace mk {

// Before a recipe that names one is read.
void add_calibrated_machines(Catalogue& catalogue);

// Whether a point's machine is one of them.
bool is_calibrated(std::string_view machine);

}  // namespace mk
