#include "gui/timeline/time_window.h"

#include <algorithm>
#include <cmath>

namespace mk::gui {

TimeRange spanned(double a, double b) { return {std::min(a, b), std::max(a, b)}; }

TimeWindow fitted(const TimeRange& range, double width) {
  return {range.start, std::max(kFinestScale, range.length() / std::max(1.0, width))};
}

TimeWindow zoomed(const TimeWindow& window, double factor, double x, double coarsest) {
  const double scale =
      std::clamp(window.ns_per_pixel * factor, kFinestScale, std::max(kFinestScale, coarsest));
  return {window.time_at(x) - x * scale, scale};
}

TimeWindow panned(const TimeWindow& window, double pixels) {
  return {window.start + std::round(pixels) * window.ns_per_pixel, window.ns_per_pixel};
}

}  // namespace mk::gui
