// What is drawn over the lanes of one plot: selection and its partners, arrows, the critical path,
// marks, the selected area, counters.
#pragma once

#include <QPainter>
#include <QRect>
#include <optional>

#include "gui/timeline/names.h"
#include "gui/timeline/overlay.h"
#include "gui/timeline/scene.h"
#include "gui/timeline/theme.h"

namespace mk::gui {

struct PlotPainter {
  QPainter& painter;
  const Scene& scene;
  const Viewport& view;
  QRect plot{};
  std::optional<std::uint32_t> only_trace{};
  const Theme& theme;
  TextCache& texts;
};

void draw_counters(const PlotPainter& plot);
void draw_iterations(const PlotPainter& plot);  // thin lines at their starts
void draw_overlay(const PlotPainter& plot, const Overlay& overlay);

// Where the slice is drawn on the plot; none iff its lane is not shown.
std::optional<QRectF> slice_rect(const PlotPainter& plot, SliceRef slice);

}  // namespace mk::gui
