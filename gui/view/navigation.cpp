#include "gui/view/navigation.h"

#include <algorithm>

namespace mk::gui {
namespace {

constexpr double kMostEmpty = 1.25;  // the coarsest view shows this many times the range

double coarsest(const Surroundings& around) {
  return std::max(around.range.length(), 1.0) * kMostEmpty / std::max(1, around.plot.width());
}

}  // namespace

Surroundings surroundings_of(const Scene& scene, const QSize& plot) {
  return {scene.range, plot, scene.height, scene.pinned_height};
}

Viewport clamped(Viewport view, const Surroundings& around) {
  TimeWindow& window = view.window;
  const double width = window.ns_per_pixel * around.plot.width();
  const double margin = 0.9 * width;
  window.start =
      std::clamp(window.start, around.range.start - margin, around.range.end - width + margin);
  view.scroll = std::clamp(view.scroll, 0, std::max(0, around.height - around.plot.height()));
  return view;
}

Viewport fit_all(const Viewport& view, const Surroundings& around) {
  return {fitted(around.range, around.plot.width()), view.scroll};
}

Viewport fit_range(const Viewport& view, const TimeRange& range, const Surroundings& around) {
  const double margin = range.length() / 20;
  const TimeRange wide{range.start - margin, range.end + margin};
  return clamped({fitted(wide, around.plot.width()), view.scroll}, around);
}

Viewport zoom_at(const Viewport& view, double factor, double x, const Surroundings& around) {
  return clamped({zoomed(view.window, factor, x, coarsest(around)), view.scroll}, around);
}

Viewport pan_by(const Viewport& view, double pixels, const Surroundings& around) {
  return clamped({panned(view.window, pixels), view.scroll}, around);
}

Viewport scroll_by(const Viewport& view, int pixels, const Surroundings& around) {
  return clamped({view.window, view.scroll + pixels}, around);
}

Viewport reveal(const Viewport& view, const TimeRange& range, const Row& row,
                const Surroundings& around) {
  Viewport moved = view;
  const TimeRange shown = view.window.range(around.plot.width());
  const double middle = (range.start + range.end) / 2;
  if (range.length() > shown.length()) {
    moved = fit_range(view, range, around);
  } else if (range.start < shown.start || range.end > shown.end) {
    moved.window.start = middle - shown.length() / 2;
  }
  if (!row.is_pinned) {
    const int top = row.y - around.pinned;
    const int bottom = row.y + row.height - around.plot.height();
    moved.scroll = std::clamp(moved.scroll, std::min(bottom, top), std::max(bottom, top));
  }
  return clamped(moved, around);
}

}  // namespace mk::gui
