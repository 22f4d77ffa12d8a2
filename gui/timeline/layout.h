// Where the parts of a timeline picture lie. All rectangles are logical pixels of the whole
// picture.
//
//   +--------+---------------------------+
//   | corner | minimap                   |
//   |        | ruler                     |
//   +--------+---------------------------+
//   | gutter | plot (side by side: some) |
//   +--------+---------------------------+
//   | legend                             |
//   +------------------------------------+
#pragma once

#include <QRect>
#include <QSize>
#include <vector>

#include "gui/timeline/scene.h"

namespace mk::gui {

struct LayoutOptions {
  int gutter = 150;
  bool minimap = true;
  bool legend = true;
};

struct Layout {
  QRect corner{};
  QRect minimap{};              // empty iff not wanted
  std::vector<QRect> rulers{};  // one a plot
  QRect gutter{};
  std::vector<QRect> plots{};  // one, or one a trace side by side; all of one size
  QRect legend{};              // empty iff not wanted

  // The plot at x; the first where x is left of all.
  std::size_t plot_at(int x) const;
  int plot_width() const { return plots.front().width(); }
  int plot_height() const { return plots.front().height(); }
};

Layout layout_of(const Scene& scene, const QSize& size, const LayoutOptions& options,
                 int legend_rows);

}  // namespace mk::gui
