#include "gui/timeline/time_window.h"

#include <gtest/gtest.h>

namespace mk::gui {
namespace {

TEST(TimeWindow, ZoomingKeepsTheTimeUnderTheCursor) {
  TimeWindow window{123456.0, 7.5};
  for (const double factor : {0.5, 0.01, 3.0, 1.7}) {
    const double before = window.time_at(631);
    window = zoomed(window, factor, 631, 1e6);
    EXPECT_NEAR(window.time_at(631), before, 1e-6);
  }
}

TEST(TimeWindow, ZoomStopsAtTheFinestAndTheCoarsestScale) {
  const TimeWindow window{0, 1};
  EXPECT_EQ(zoomed(window, 1e-9, 10, 50).ns_per_pixel, kFinestScale);
  EXPECT_EQ(zoomed(window, 1e9, 10, 50).ns_per_pixel, 50);
}

TEST(TimeWindow, PansByWholePixels) {
  const TimeWindow window{100, 4};
  EXPECT_EQ(panned(window, 2.4).start, 108);
  EXPECT_EQ(panned(window, -0.4).start, 100);
}

TEST(TimeMap, GoesBackAndForth) {
  const TimeMap map{1.25, -300};
  EXPECT_DOUBLE_EQ(map.to_own(map.to_axis(1234)), 1234);
  const TimeWindow own = map.to_own(TimeWindow{map.to_axis(50), 10});
  EXPECT_DOUBLE_EQ(own.start, 50);
  EXPECT_DOUBLE_EQ(own.ns_per_pixel, 8);
}

}  // namespace
}  // namespace mk::gui
