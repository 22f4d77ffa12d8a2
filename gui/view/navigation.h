// How a view moves: pure functions of where it is, what there is, and how large the plot is.
#pragma once

#include <QSize>

#include "gui/timeline/scene.h"

namespace mk::gui {

// What bounds a view.
struct Surroundings {
  TimeRange range{};  // of everything
  QSize plot{};       // logical pixels
  int height = 0;     // of all rows
  int pinned = 0;     // of the pinned ones
};
Surroundings surroundings_of(const Scene& scene, const QSize& plot);

// Nearest view to `view` that still shows something: at least a tenth of the plot is inside the
// range, rows do not scroll past their end.
Viewport clamped(Viewport view, const Surroundings& around);

Viewport fit_all(const Viewport& view, const Surroundings& around);
// The range with a margin of a twentieth on each side.
Viewport fit_range(const Viewport& view, const TimeRange& range, const Surroundings& around);
Viewport zoom_at(const Viewport& view, double factor, double x, const Surroundings& around);
Viewport pan_by(const Viewport& view, double pixels, const Surroundings& around);
Viewport scroll_by(const Viewport& view, int pixels, const Surroundings& around);
// Moves as little as it takes for the range and the row to be in sight.
Viewport reveal(const Viewport& view, const TimeRange& range, const Row& row,
                const Surroundings& around);

}  // namespace mk::gui
