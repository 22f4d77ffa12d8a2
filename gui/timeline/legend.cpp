#include "gui/timeline/legend.h"

#include <algorithm>

namespace mk::gui {
namespace {

constexpr int kLine = 20;
constexpr int kSwatch = 12;
constexpr int kMostRows = 3;

void add_used(const BandLayer& layer, bool only_waits, std::vector<LegendEntry>& entries) {
  for (std::size_t c = 0; c < layer.entries.size(); ++c) {
    const LegendEntry& entry = layer.entries[c];
    const bool is_work = !entry.is_wait && c < kCauses.size();
    if (!layer.used[c] || (only_waits && is_work)) continue;
    const bool is_new = std::none_of(entries.begin(), entries.end(), [&](const LegendEntry& e) {
      return e.name == entry.name && e.is_wait == entry.is_wait;
    });
    if (is_new) entries.push_back(entry);
  }
}

}  // namespace

std::vector<LegendEntry> legend_of(const Scene& scene) {
  std::vector<LegendEntry> entries;
  for (const SceneTrace& trace : scene.traces) add_used(*trace.layer, false, entries);
  for (const SceneTrace& trace : scene.traces) {
    if (trace.waits != nullptr) add_used(*trace.waits, true, entries);
  }
  return entries;
}

std::vector<LegendBox> place_legend(const std::vector<LegendEntry>& entries, const QRect& area,
                                    TextCache& texts) {
  std::vector<LegendBox> boxes;
  int x = area.left() + 8;
  int y = area.top() + 2;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const int width = kSwatch + 5 + texts.width(QString::fromStdString(entries[k].name)) + 14;
    if (x + width > area.right() && x > area.left() + 8) {
      x = area.left() + 8;
      y += kLine;
    }
    boxes.push_back({QRect(x, y + (kLine - kSwatch) / 2, kSwatch, kSwatch),
                     QPoint(x + kSwatch + 5, y + (kLine - texts.height()) / 2), k});
    x += width;
  }
  return boxes;
}

int legend_rows(const std::vector<LegendEntry>& entries, int width, TextCache& texts) {
  const std::vector<LegendBox> boxes = place_legend(entries, QRect(0, 0, width, kLine), texts);
  const int rows = boxes.empty() ? 1 : boxes.back().swatch.top() / kLine + 1;
  return std::min(rows, kMostRows);
}

void draw_legend(QPainter& painter, const std::vector<LegendEntry>& entries, const QRect& area,
                 const Theme& theme, TextCache& texts) {
  painter.fillRect(area, QColor(theme.panel));
  painter.setFont(texts.font());
  painter.setClipRect(area);
  for (const LegendBox& box : place_legend(entries, area, texts)) {
    const LegendEntry& entry = entries[box.entry];
    const QRect shape = entry.is_wait ? box.swatch.adjusted(0, kSwatch * 2 / 3, 0, 0) : box.swatch;
    painter.fillRect(shape, QColor(entry.colour));
    painter.setPen(QColor(theme.text));
    const QString text = QString::fromStdString(entry.name);
    texts.draw(painter, box.text.x(), box.text.y(), texts.width(text), text);
  }
  painter.setClipping(false);
}

}  // namespace mk::gui
