// The names on slices: drawn where they fit, in the visible part of the slice.
#pragma once

#include <QFont>
#include <QHash>
#include <QPainter>
#include <QRect>
#include <QStaticText>

#include "gui/timeline/scene.h"
#include "gui/timeline/theme.h"

namespace mk::gui {

// The name of a slice for people: its task's, or that of the span.
QString slice_name(const Trace& trace, std::size_t slice);

// Texts with their widths, laid out once. Used by the GUI's thread only (QStaticText).
class TextCache {
 public:
  explicit TextCache(const QFont& font);
  const QFont& font() const { return font_; }
  int height() const { return height_; }

  // Draws `text`, or as much of it as fits `width` with an ellipsis; nothing where not even three
  // letters fit.
  void draw(QPainter& painter, int x, int y, int width, const QString& text);
  int width(const QString& text);
  // Texts laid out since it was made.
  std::size_t laid_out() const { return laid_out_; }

 private:
  struct Entry {
    QStaticText text{};
    int width = 0;
  };
  Entry& entry(const QString& text);

  QFont font_;
  QFontMetricsF metrics_;
  int height_ = 0;
  QHash<QString, Entry> entries_{};
  std::size_t laid_out_ = 0;
};

// "L3.qkv[17]", or "qkv[17]", or "qkv": the first that fits, else the last. Names of no task as
// they are.
QString name_to_fit(const QString& name, int width, TextCache& texts);

// Names, preloads and no-length slices of all lanes in sight, on a plot whose top left is `plot`'s.
void draw_names(QPainter& painter, const Scene& scene, const Viewport& view, const QRect& plot,
                std::optional<std::uint32_t> only_trace, const Theme& theme, TextCache& texts);

}  // namespace mk::gui
