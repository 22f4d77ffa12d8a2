#include "gui/timeline/frame.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gui/timeline/columns.h"
#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {

constexpr int kTickDistance = 96;
constexpr int kInset = 8;

void draw_row_label(QPainter& painter, const Row& row, int y, const QRect& area, const Theme& theme,
                    TextCache& texts) {
  const int top = y + (row.height - texts.height()) / 2;
  if (row.kind == RowKind::kGroup) {
    painter.fillRect(QRect(area.left(), y, area.width(), row.height), QColor(theme.group));
    painter.setPen(QColor(theme.text));
    const QString arrow = row.is_collapsed ? QStringLiteral("▸ ") : QStringLiteral("▾ ");
    texts.draw(painter, area.left() + 4, top, area.width() - kInset, arrow + row.label);
    return;
  }
  painter.setPen(QColor(row.kind == RowKind::kCounter ? theme.text : theme.faint_text));
  texts.draw(painter, area.left() + 2 * kInset, top, area.width() - 3 * kInset, row.label);
}

// Down to where the label of row `at`, whose top is drawn at `y`, may reach: the next header.
int room_below(const Scene& scene, std::size_t at, int y) {
  constexpr std::size_t kLook = 6;
  for (std::size_t r = at + 1; r < std::min(scene.rows.size(), at + kLook); ++r) {
    if (scene.rows[r].kind == RowKind::kGroup) return y + scene.rows[r].y - scene.rows[at].y;
  }
  return std::numeric_limits<int>::max();
}

// Covered share of each column, over all lanes of one trace that have bands.
std::vector<double> busy_columns(const SceneTrace& trace, const TimeWindow& window, int width) {
  std::vector<double> busy(static_cast<std::size_t>(width));
  const BandLayer& layer = *trace.layer;
  const TimeWindow own = trace.map.to_own(window);
  std::vector<Run> runs;
  double lanes = 0;
  for (std::size_t lane = 0; lane < layer.bands.lanes(); ++lane) {
    if (layer.bands.count(lane) == 0) continue;
    if (trace.trace != nullptr && trace.trace->lanes[lane].kind == LaneKind::kScheduler) continue;
    lanes += 1;
    runs.clear();
    append_runs(layer.bands, layer.mip ? &*layer.mip : nullptr, lane, own, width, runs);
    for (const Run& run : runs) {
      if (layer.entries[run.category].is_wait) continue;
      for (int x = run.x0; x < run.x1; ++x) busy[static_cast<std::size_t>(x)] += run.share / 255.0;
    }
  }
  for (double& b : busy) b /= std::max(lanes, 1.0);
  return busy;
}

}  // namespace

void draw_ruler(QPainter& painter, const TimeWindow& window, const QRect& area,
                const QString& title, const Theme& theme, TextCache& texts) {
  painter.fillRect(area, QColor(theme.panel));
  painter.setFont(texts.font());
  painter.setClipRect(area);
  const Ticks ticks = ticks_for(window.start, window.ns_per_pixel, kTickDistance);
  const double first = std::ceil(window.start / ticks.step) * ticks.step;
  const QString corner = title +
                         (title.isEmpty() || ticks.base == 0 ? QString() : QStringLiteral("  ")) +
                         ticks.base_label();
  const int corner_width = corner.isEmpty() ? 0 : texts.width(corner) + kInset;
  for (double time = first; window.x_of(time) < area.width(); time += ticks.step) {
    const int x = area.left() + static_cast<int>(window.x_of(time));
    painter.setPen(QColor(theme.line));
    painter.drawLine(x, area.bottom() - 5, x, area.bottom());
    if (x < area.left() + corner_width) continue;
    painter.setPen(QColor(theme.text));
    const QString label = ticks.label(time) + QChar(0x00a0) + ticks.unit_name;
    if (x + 3 + texts.width(label) > area.right()) continue;  // a cut number is another number
    texts.draw(painter, x + 3, area.top() + 4, kTickDistance, label);
  }
  if (!corner.isEmpty()) {
    painter.setPen(QColor(theme.accent));
    texts.draw(painter, area.left() + 3, area.top() + 4, corner_width, corner);
  }
  painter.setPen(QColor(theme.line));
  painter.drawLine(area.bottomLeft(), area.bottomRight());
  painter.setClipping(false);
}

void draw_gutter(QPainter& painter, const Scene& scene, int scroll, const QRect& area,
                 const Theme& theme, TextCache& texts) {
  painter.fillRect(area, QColor(theme.panel));
  painter.setFont(texts.font());
  for (const bool pinned : {false, true}) {
    painter.setClipRect(area.adjusted(0, pinned ? 0 : scene.pinned_height, 0, 0));
    if (pinned)
      painter.fillRect(QRect(area.left(), area.top(), area.width(), scene.pinned_height),
                       QColor(theme.group));
    int free_from = -1;  // labels never overlap: on narrow rows only some are named
    for (std::size_t r = 0; r < scene.rows.size(); ++r) {
      const Row& row = scene.rows[r];
      if (row.is_pinned != pinned) continue;
      const int y = area.top() + row.y - (pinned ? 0 : scroll);
      if (y + row.height <= area.top() || y > area.bottom()) continue;
      const int middle = y + row.height / 2;
      const bool is_free = middle - texts.height() / 2 >= free_from &&
                           middle + texts.height() / 2 <= room_below(scene, r, y);
      if (row.kind != RowKind::kGroup && !is_free) continue;
      draw_row_label(painter, row, y, area, theme, texts);
      free_from = std::max(y + row.height, middle + texts.height() / 2 + 1) - 1;
      if (row.kind == RowKind::kGroup) free_from = y + row.height;
    }
  }
  painter.setClipping(false);
  painter.setPen(QColor(theme.line));
  painter.drawLine(area.topRight(), area.bottomRight());
}

void draw_minimap(QPainter& painter, const Scene& scene, const QRect& area, const Theme& theme) {
  painter.fillRect(area, QColor(theme.background));
  if (scene.range.is_empty() || area.width() < 2) return;
  const TimeWindow all = fitted(scene.range, area.width());
  std::size_t count = 0;
  for (const SceneTrace& trace : scene.traces) count += trace.trace != nullptr ? 1 : 0;
  std::size_t at = 0;
  for (const SceneTrace& trace : scene.traces) {
    if (trace.trace == nullptr) continue;
    const double height = (area.height() - 3.0) / static_cast<double>(count);
    const double bottom = area.top() + 1 + height * static_cast<double>(++at);
    const std::vector<double> busy = busy_columns(trace, all, area.width());
    for (std::size_t x = 0; x < busy.size(); ++x) {
      if (busy[x] <= 0) continue;
      const double high = std::max(1.0, busy[x] * (height - 1));
      painter.fillRect(QRectF(area.left() + static_cast<double>(x), bottom - high, 1, high),
                       QColor(theme.faint_text));
    }
  }
}

void draw_minimap_brush(QPainter& painter, const Scene& scene, const TimeRange& shown,
                        const QRect& area, const Theme& theme) {
  if (scene.range.is_empty() || area.width() < 2) return;
  const TimeWindow all = fitted(scene.range, area.width());
  QColor shade(theme.panel);
  shade.setAlpha(170);
  const double x0 =
      std::clamp(area.left() + all.x_of(shown.start), double(area.left()), double(area.right()));
  const double x1 = std::clamp(area.left() + all.x_of(shown.end), x0 + 2, double(area.right()) + 1);
  painter.fillRect(QRectF(area.left(), area.top(), x0 - area.left(), area.height()), shade);
  painter.fillRect(QRectF(x1, area.top(), area.right() + 1 - x1, area.height()), shade);
  painter.setPen(QColor(theme.accent));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(QRectF(x0, area.top(), x1 - x0 - 1, area.height() - 1));
}

double minimap_time(const Scene& scene, const QRect& area, double x) {
  return fitted(scene.range, area.width()).time_at(x - area.left());
}

}  // namespace mk::gui
