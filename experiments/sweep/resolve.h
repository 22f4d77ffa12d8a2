// From what one combination of a sweep says to a point that can be predicted: defaults filled in,
// names known, what cannot matter set to one value, so that equal predictions are equal points.
#pragma once

#include <array>
#include <string>

#include "core/result.h"
#include "core/sweep_point.h"
#include "experiments/sweep/catalogue.h"

namespace mk {

// By the axis' place in kSweepAxes; "": not said.
using AxisTexts = std::array<std::string, kSweepAxes.size()>;

struct Resolved {
  SweepPoint point{};
  std::string does_not_fit{};  // why the machine cannot have this split; "": it can
};

// kUsage names the axis and the value. Requires: numbers are numbers.
Result<Resolved> resolve(const AxisTexts& texts, Catalogue& catalogue);

}  // namespace mk
