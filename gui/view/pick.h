// What lies under a point of the picture.
#pragma once

#include <QPoint>
#include <cstdint>
#include <optional>
#include <vector>

#include "gui/timeline/layout.h"
#include "gui/timeline/scene.h"

namespace mk::gui {

enum class Part : std::uint8_t { kCorner, kMinimap, kRuler, kGutter, kPlot, kLegend };

struct Picked {
  Part part = Part::kCorner;
  std::size_t plot = 0;
  double x = 0;     // logical pixels from the plot's left edge
  double time = 0;  // on the axis
  std::optional<std::size_t> row{};
  std::optional<LaneRef> lane{};
  std::optional<SliceRef> slice{};  // of a trace; under the point or within three pixels of it
};

Picked pick(const Scene& scene, const Viewport& view, const Layout& layout, const QPointF& point);

// The row at a height of the plot, the nearest where there is none. Requires: there are rows.
std::size_t row_at(const Scene& scene, int scroll, int y);

// `time`, or the nearest start or end of a slice on the lane within `slack` ns of the axis.
double snapped(const Scene& scene, LaneRef lane, double time, double slack);

}  // namespace mk::gui
