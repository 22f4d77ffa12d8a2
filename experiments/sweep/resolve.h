// From what one combination of a sweep says to a point that can be predicted: defaults filled in,
// names known, what cannot matter set to one value, so that equal predictions are equal points.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/compiler.h"
#include "core/result.h"
#include "experiments/sweep/catalogue.h"
#include "simulator/simulate.h"
#include "traces/sweep_record.h"

namespace mk {

// By the axis' place in kSweepAxes; "": not said.
using AxisTexts = std::array<std::string, kSweepAxes.size()>;

struct Resolved {
  SweepPoint point{};
  std::string does_not_fit{};  // why the machine cannot have this split; "": it can
};

// kUsage names the axis and the value. Requires: numbers are numbers.
Result<Resolved> resolve(const AxisTexts& texts, Catalogue& catalogue);

// How the point's graph is compiled. InvalidInput for a "set" that says nothing.
Result<CompileOptions> compile_options_of(const SweepPoint& point);

// Batch, cache, devices and experts of the point's graph. kUsage for a "set" that says nothing.
Result<StepShape> step_shape_of(const SweepPoint& point, const ModelConfig& model);

// Policy, roles, seed, mechanisms and injections of the point; iterations are the caller's.
// Requires: the point was resolved.
SimulationOptions simulation_options_of(const SweepPoint& point);

// The machine with the point's changed numbers; "draw=K" draws all open ones at once
// (machine_ranges.h). InvalidInput names the number.
Result<Machine> machine_of(const SweepPoint& point, const Machine& base);

// "a=1+b=2" -> its assignments.
std::vector<std::string> assignments_of(const std::string& joined);

}  // namespace mk
