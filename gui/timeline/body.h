// The body of a timeline: every lane's columns as pixels, without text. A pure function of scene,
// viewport, theme and size.
//
// BodyCache keeps the last picture: the same view again costs nothing, and a view moved by whole
// pixels draws only the columns that came into sight.
#pragma once

#include <QImage>
#include <QSize>
#include <optional>

#include "gui/timeline/scene.h"
#include "gui/timeline/theme.h"

namespace mk::gui {

struct BodySpec {
  Viewport view{};
  QSize size{};            // logical pixels of the plot
  double pixel_ratio = 1;  // device pixels a logical one
  ThemeName theme = ThemeName::kDark;
  std::optional<std::uint32_t> only_trace{};  // side by side: the trace of this plot
  friend bool operator==(const BodySpec&, const BodySpec&) = default;
};

QImage draw_body(const Scene& scene, const BodySpec& spec);

// One thread uses a cache at a time.
class BodyCache {
 public:
  const QImage& picture(const Scene& scene, const BodySpec& spec);
  // Columns drawn by the last call: 0 where it was answered from the cache.
  int columns_drawn() const { return columns_drawn_; }

 private:
  bool shift(const Scene& scene, const BodySpec& spec);

  std::optional<BodySpec> spec_{};
  std::uint64_t revision_ = 0;
  QImage image_{};
  int columns_drawn_ = 0;
};

}  // namespace mk::gui
