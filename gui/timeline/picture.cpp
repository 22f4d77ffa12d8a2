#include "gui/timeline/picture.h"

#include <algorithm>

#include "gui/timeline/decorations.h"
#include "gui/timeline/frame.h"
#include "gui/timeline/legend.h"

namespace mk::gui {
namespace {

// Where lanes show several traces, the corner says which is which, from top to bottom.
void draw_corner(QPainter& painter, const Scene& scene, const QRect& area, const Theme& theme,
                 TextCache& texts) {
  painter.fillRect(area, QColor(theme.panel));
  painter.setPen(QColor(theme.line));
  painter.drawLine(area.bottomLeft(), area.bottomRight());
  painter.drawLine(area.topRight(), area.bottomRight());
  std::size_t parts = 0;
  for (const Row& row : scene.rows) parts = std::max(parts, row.lanes.size());
  if (parts < 2 || scene.is_side_by_side) return;
  painter.setPen(QColor(theme.text));
  painter.setFont(texts.font());
  constexpr int kSmallestStep = 12;  // of capital letters
  int y = area.top() + 4;
  const int fitting = (area.bottom() - y) / static_cast<int>(scene.traces.size());
  const int step = std::clamp(fitting, kSmallestStep, texts.height() + 1);
  for (std::size_t t = 0; t < scene.traces.size() && y + step <= area.bottom(); ++t) {
    const QString order = QStringLiteral("%1  ").arg(t + 1);
    texts.draw(painter, area.left() + 6, y, area.width() - 12, order + scene.traces[t].name);
    y += step;
  }
}

void draw_plot(QPainter& painter, const Scene& scene, const Viewport& view, const Overlay& overlay,
               const QRect& area, std::optional<std::uint32_t> only_trace,
               const PictureOptions& options, BodyCache& body, TextCache& texts) {
  const Theme& theme = theme_of(options.theme);
  const BodySpec spec{view, area.size(), options.pixel_ratio, options.theme, only_trace};
  painter.drawImage(area.topLeft(), body.picture(scene, spec));
  const PlotPainter plot{painter, scene, view, area, only_trace, theme, texts};
  painter.setClipRect(area);
  draw_counters(plot);
  draw_iterations(plot);
  painter.setClipping(false);
  draw_names(painter, scene, view, area, only_trace, theme, texts);
  draw_overlay(plot, overlay);
}

// The minimap's bars change with the scene only; the frame of what is shown is drawn over them.
void draw_cached_minimap(QPainter& painter, const Scene& scene, const TimeRange& shown,
                         const QRect& area, const PictureOptions& options, PictureCache& cache) {
  if (area.isEmpty()) return;
  const Theme& theme = theme_of(options.theme);
  const QSize size = area.size() * options.pixel_ratio;
  if (cache.minimap.size() != size || cache.minimap_revision != scene.revision ||
      cache.minimap_theme != options.theme) {
    ++cache.minimaps_drawn;
    cache.minimap = QImage(size, QImage::Format_RGB32);
    cache.minimap.setDevicePixelRatio(options.pixel_ratio);
    cache.minimap_revision = scene.revision;
    cache.minimap_theme = options.theme;
    QPainter bars(&cache.minimap);
    draw_minimap(bars, scene, QRect(QPoint(0, 0), area.size()), theme);
  }
  painter.drawImage(area.topLeft(), cache.minimap);
  draw_minimap_brush(painter, scene, shown, area, theme);
}

}  // namespace

Layout picture_layout(const Scene& scene, const QSize& size, const PictureOptions& options,
                      PictureCache& cache) {
  return layout_of(scene, size, options.layout,
                   legend_rows(scene.legend, size.width(), cache.texts));
}

void draw_picture(QPainter& painter, const Scene& scene, const Viewport& view,
                  const Overlay& overlay, const QSize& size, const PictureOptions& options,
                  PictureCache& cache) {
  const Theme& theme = theme_of(options.theme);
  const Layout layout = picture_layout(scene, size, options, cache);
  painter.fillRect(QRect(QPoint(0, 0), size), QColor(theme.background));
  cache.bodies.resize(layout.plots.size());
  for (std::size_t k = 0; k < layout.plots.size(); ++k) {
    const auto trace = static_cast<std::uint32_t>(k);
    const bool split = scene.is_side_by_side && !scene.traces.empty();
    draw_plot(painter, scene, view, overlay, layout.plots[k],
              split ? std::optional(trace) : std::nullopt, options, cache.bodies[k], cache.texts);
    draw_ruler(painter, view.window, layout.rulers[k], split ? scene.traces[k].name : QString(),
               theme, cache.texts);
  }
  draw_gutter(painter, scene, view.scroll, layout.gutter, theme, cache.texts);
  draw_corner(painter, scene, layout.corner, theme, cache.texts);
  draw_cached_minimap(painter, scene, view.window.range(layout.plot_width()), layout.minimap,
                      options, cache);
  if (!layout.legend.isEmpty())
    draw_legend(painter, scene.legend, layout.legend, theme, cache.texts);
}

QImage draw_picture(const Scene& scene, const Viewport& view, const Overlay& overlay,
                    const QSize& size, const PictureOptions& options, const QFont& font) {
  PictureCache cache(font);
  QImage image(size * options.pixel_ratio, QImage::Format_RGB32);
  image.setDevicePixelRatio(options.pixel_ratio);
  QPainter painter(&image);
  draw_picture(painter, scene, view, overlay, size, options, cache);
  painter.end();
  return image;
}

}  // namespace mk::gui
