// TimeWindow: which part of time a plot shows, and at what scale. Values, no painting.
//
// Times are nanoseconds on the axis of the window, as double: exact up to 2^53 ns, 104 days.
// `x` counts device pixels from the plot's left edge.
#pragma once

#include "core/record.h"

namespace mk::gui {

// [start, end) on the axis.
struct TimeRange {
  double start = 0;
  double end = 0;

  double length() const { return end - start; }
  bool is_empty() const { return end <= start; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

// The range with start <= end that two instants span.
TimeRange spanned(double a, double b);

struct TimeWindow {
  double start = 0;
  double ns_per_pixel = 1;

  double time_at(double x) const { return start + x * ns_per_pixel; }
  double x_of(double time) const { return (time - start) / ns_per_pixel; }
  TimeRange range(double width) const { return {start, time_at(width)}; }
  friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

// The smallest scale that may be shown: 20 pixels a nanosecond.
inline constexpr double kFinestScale = 0.05;

// `range` over `width` pixels, never finer than kFinestScale.
TimeWindow fitted(const TimeRange& range, double width);
// The time under `x` stays there; factor > 1 shows more time. `coarsest` bounds the scale.
TimeWindow zoomed(const TimeWindow& window, double factor, double x, double coarsest);
// By whole pixels, so that what stays in sight keeps its columns.
TimeWindow panned(const TimeWindow& window, double pixels);

// How a trace's own time becomes time on the axis: axis = scale * own + offset.
struct TimeMap {
  double scale = 1;  // > 0
  double offset = 0;

  double to_axis(double own) const { return scale * own + offset; }
  double to_own(double axis) const { return (axis - offset) / scale; }
  TimeWindow to_own(const TimeWindow& window) const {
    return {to_own(window.start), window.ns_per_pixel / scale};
  }
  friend bool operator==(const TimeMap&, const TimeMap&) = default;
};

}  // namespace mk::gui
