// A simulation from inside the viewer: what to simulate, and the trace that comes of it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "core/sweep_point.h"
#include "traces/trace.h"

namespace mk::gui {

// What a person who has said nothing yet may want to see: two steps of a model.
SweepPoint first_point();

struct Prediction {
  std::string name{};  // "qwen3-8b hybrid 128+16"
  std::shared_ptr<const Trace> trace{};
  double iteration_us = 0;  // median, as a sweep's
};

// Compiles, simulates and keeps the record: what a row of a sweep is of the same point, to the
// tick. With 0 workers the split is the machine's, with 0 grid_workers grids are made for the
// split's. Errors are those of the steps, with the numbers. Any number of threads may predict at
// once. `progress` hears which part is done, 0 .. 1; where it answers false the prediction ends
// with "interrupted".
Result<Prediction> predict(const SweepPoint& asked,
                           const std::function<bool(double part)>& progress = {});

}  // namespace mk::gui
