// What the window shows of every whole trace besides its columns: made once, in the thread that
// loads it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gui/model/bounds.h"
#include "gui/model/histogram.h"
#include "gui/model/layers.h"
#include "profiler/analysis/trace_index.h"

namespace mk::gui {

struct Derived {
  std::shared_ptr<const OwnedLayer> by_operator{};
  std::shared_ptr<const OwnedLayer> by_cause{};
  std::shared_ptr<const TraceIndex> index{};  // of the trace, which must outlive it
  std::vector<Histogram> peers{};             // lengths, by category of by_operator
  std::vector<RunBound> bounds{};
};

// `by_operator` may be null: then it is made too. `progress` hears the part that is done.
Derived derive(const Trace& trace, std::shared_ptr<const OwnedLayer> by_operator,
               OperatorPalette& operators, const std::function<void(double part)>& progress);

}  // namespace mk::gui
