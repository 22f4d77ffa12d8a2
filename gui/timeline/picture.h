// The whole timeline picture, the same in the window, in --screenshot and in exported files.
#pragma once

#include <QImage>
#include <QPainter>
#include <QSize>
#include <vector>

#include "gui/timeline/body.h"
#include "gui/timeline/layout.h"
#include "gui/timeline/names.h"
#include "gui/timeline/overlay.h"
#include "gui/timeline/scene.h"
#include "gui/timeline/theme.h"

namespace mk::gui {

struct PictureOptions {
  ThemeName theme = ThemeName::kDark;
  double pixel_ratio = 1;
  LayoutOptions layout{};
};

// Keeps between two pictures what need not be drawn again. One thread uses it.
struct PictureCache {
  explicit PictureCache(const QFont& font) : texts(font) {}
  TextCache texts;
  std::vector<BodyCache> bodies{};  // one a plot
  QImage minimap{};
  std::size_t minimaps_drawn = 0;
  std::uint64_t minimap_revision = 0;
  ThemeName minimap_theme = ThemeName::kDark;
};

Layout picture_layout(const Scene& scene, const QSize& size, const PictureOptions& options,
                      PictureCache& cache);

void draw_picture(QPainter& painter, const Scene& scene, const Viewport& view,
                  const Overlay& overlay, const QSize& size, const PictureOptions& options,
                  PictureCache& cache);

// Requires: a QGuiApplication, for its fonts.
QImage draw_picture(const Scene& scene, const Viewport& view, const Overlay& overlay,
                    const QSize& size, const PictureOptions& options, const QFont& font);

}  // namespace mk::gui
