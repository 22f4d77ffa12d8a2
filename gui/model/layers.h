// Layers: the bands of a trace in one colouring, with their pyramid. Pure functions of the trace,
// so that worker threads make them while others read it.
#pragma once

#include <memory>
#include <vector>

#include "gui/timeline/scene.h"
#include "traces/trace.h"

namespace mk::gui {

// Owns the columns that its bands point to besides those of the trace, which must outlive it.
struct OwnedLayer {
  BandLayer layer{};
  std::vector<std::uint8_t> category{};
  Instants start{};

  OwnedLayer() = default;
  OwnedLayer(const OwnedLayer&) = delete;
  OwnedLayer& operator=(const OwnedLayer&) = delete;
};

// By cause: the causes of all time of the workers; else the slices.
std::unique_ptr<OwnedLayer> make_layer(const Trace& trace, ColorBy by, OperatorPalette& operators);

// The layer of an outline for its whole trace. Requires: `layer` shows slices; both traces have the
// same ones.
std::unique_ptr<OwnedLayer> rebound(const OwnedLayer& layer, const Trace& whole);

}  // namespace mk::gui
