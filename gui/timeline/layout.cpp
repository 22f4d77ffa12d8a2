#include "gui/timeline/layout.h"

#include <algorithm>

namespace mk::gui {
namespace {
constexpr int kMinimapHeight = 34;
constexpr int kRulerHeight = 24;
constexpr int kLegendLine = 20;
constexpr int kBetweenPlots = 6;
}  // namespace

std::size_t Layout::plot_at(int x) const {
  std::size_t at = 0;
  while (at + 1 < plots.size() && x >= plots[at + 1].left()) ++at;
  return at;
}

Layout layout_of(const Scene& scene, const QSize& size, const LayoutOptions& options,
                 int legend_rows) {
  Layout layout;
  const int minimap = options.minimap ? kMinimapHeight : 0;
  const int top = minimap + kRulerHeight;
  const int legend = options.legend ? kLegendLine * legend_rows + 4 : 0;
  const int height = std::max(1, size.height() - top - legend);
  const int width = std::max(1, size.width() - options.gutter);
  layout.corner = QRect(0, 0, options.gutter, top);
  layout.gutter = QRect(0, top, options.gutter, height);
  layout.minimap = QRect(options.gutter, 0, width, minimap);
  layout.legend = QRect(0, top + height, size.width(), legend);
  const int count = scene.is_side_by_side ? std::max(1, static_cast<int>(scene.traces.size())) : 1;
  const int each = std::max(1, (width - (count - 1) * kBetweenPlots) / count);
  for (int k = 0; k < count; ++k) {
    const int x = options.gutter + k * (each + kBetweenPlots);
    layout.plots.emplace_back(x, top, each, height);
    layout.rulers.emplace_back(x, minimap, each, kRulerHeight);
  }
  return layout;
}

}  // namespace mk::gui
