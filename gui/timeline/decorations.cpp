#include "gui/timeline/decorations.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {

constexpr double kFar = 1e6;  // pixels beyond which QPainter's arithmetic is not trusted

double clipped(double x) { return std::clamp(x, -kFar, kFar); }

double x_on_axis(const PlotPainter& p, double time) {
  return p.plot.left() + clipped(p.view.window.x_of(time));
}

double x_of(const PlotPainter& p, std::uint32_t trace, double own) {
  return x_on_axis(p, p.scene.traces[trace].map.to_axis(own));
}

int y_of(const PlotPainter& p, const Row& row) {
  return p.plot.top() + row.y - (row.is_pinned ? 0 : p.view.scroll);
}

bool shows(const PlotPainter& p, std::uint32_t trace) {
  return !p.only_trace || *p.only_trace == trace;
}

struct ShownMark {
  const MarkLine* mark = nullptr;
  double x = 0;
};

// Vertical middle of a lane on the plot.
std::optional<double> middle_of(const PlotPainter& p, LaneRef lane) {
  const Row* row = p.scene.row_of(lane);
  if (row == nullptr || !shows(p, lane.trace)) return std::nullopt;
  const Scene::Extent extent = p.scene.extent_of(*row, lane);
  return y_of(p, *row) + (extent.y - row->y) + extent.height / 2.0;
}

void outline(const PlotPainter& p, SliceRef slice, QRgb colour, int width) {
  const std::optional<QRectF> rect = slice_rect(p, slice);
  if (!rect) return;
  QRectF shown = rect->intersected(QRectF(p.plot).adjusted(-4, -4, 4, 4));
  shown.setWidth(std::max(shown.width(), 3.0));
  p.painter.setBrush(Qt::NoBrush);
  p.painter.setPen(QPen(QColor(colour), width));
  p.painter.drawRect(shown);
}

// Steps as thick lines on their lanes. What joins them is thin, and left out where it would be so
// dense that it hid the lanes.
void draw_path(const PlotPainter& p, const std::vector<PathStep>& path) {
  constexpr double kApart = 12;
  QColor thin(p.theme.path);
  thin.setAlpha(150);
  const QPen thin_pen(thin, 1);
  const QPen thick_pen(QColor(p.theme.path), 3);
  bool has_before = false;
  QPointF before;
  double last_join = -kFar;
  std::uint32_t trace = kNoIndex;
  for (const PathStep& step : path) {
    if (step.trace != trace) has_before = false;
    trace = step.trace;
    const double x0 = x_of(p, step.trace, step.start);
    const double x1 = std::max(x_of(p, step.trace, step.end), x0 + 2);
    const bool in_sight = x1 >= p.plot.left() && x0 <= p.plot.right();
    const auto y = in_sight || has_before ? middle_of(p, {step.trace, step.lane}) : std::nullopt;
    if (!y) continue;
    const QPointF from(x0, *y);
    if (has_before && in_sight && x0 - last_join >= kApart) {
      p.painter.setPen(thin_pen);
      p.painter.drawLine(before, from);
      last_join = x0;
    }
    p.painter.setPen(thick_pen);
    if (in_sight) p.painter.drawLine(from, QPointF(x1, *y));
    before = QPointF(x1, *y);
    has_before = true;
  }
}

void draw_arrows(const PlotPainter& p, const std::vector<Arrow>& arrows) {
  QColor thin(p.theme.accent);
  thin.setAlpha(160);
  p.painter.setPen(QPen(thin, 1));
  p.painter.setBrush(QColor(p.theme.accent));
  for (const Arrow& arrow : arrows) {
    const auto y0 = middle_of(p, {arrow.trace, arrow.from_lane});
    const auto y1 = middle_of(p, {arrow.trace, arrow.to_lane});
    if (!y0 || !y1) continue;
    const QPointF from(x_of(p, arrow.trace, arrow.from), *y0);
    const QPointF to(x_of(p, arrow.trace, arrow.to), *y1);
    p.painter.drawLine(from, to);
    p.painter.drawPolygon(QPolygonF({to, to + QPointF(-6, -3), to + QPointF(-6, 3)}));
  }
}

// Where each label stands: from the bottom up, in the first line in which it covers no other; where
// all lines are taken, it is left out.
std::vector<std::optional<QRect>> label_boxes(const PlotPainter& p,
                                              const std::vector<ShownMark>& marks) {
  const int height = p.texts.height() + 2;
  std::vector<std::optional<QRect>> boxes;
  for (const ShownMark& shown : marks) {
    const int width = p.texts.width(shown.mark->label) + 6;
    const bool fits_right = shown.x + width < p.plot.right();
    QRect box(static_cast<int>(fits_right ? shown.x + 1 : shown.x - width - 1),
              p.plot.bottom() - height, width, height);
    const auto covers_another = [&] {
      return std::any_of(boxes.begin(), boxes.end(), [&](const std::optional<QRect>& other) {
        return other && other->intersects(box);
      });
    };
    while (box.top() >= p.plot.top() && covers_another()) box.translate(0, -height);
    boxes.push_back(box.top() >= p.plot.top() ? std::optional(box) : std::nullopt);
  }
  return boxes;
}

// All lines, then all labels: no line crosses a label.
void draw_marks(const PlotPainter& p, const std::vector<MarkLine>& marks) {
  std::vector<ShownMark> shown;
  for (const MarkLine& mark : marks) {
    if (mark.trace && !shows(p, *mark.trace)) continue;
    const double x = x_on_axis(p, mark.time);
    // The end of a run that fills the view lies on the edge.
    if (x < p.plot.left() - 1 || x > p.plot.right() + 2) continue;
    shown.push_back({&mark, std::clamp<double>(x, p.plot.left(), p.plot.right())});
  }
  for (const ShownMark& line : shown) {
    QPen pen(QColor(p.theme.mark), 1.5);
    if (!line.mark->is_bookmark) pen.setStyle(Qt::DashLine);
    p.painter.setPen(pen);
    p.painter.drawLine(QPointF(line.x, p.plot.top()), QPointF(line.x, p.plot.bottom()));
  }
  const std::vector<std::optional<QRect>> boxes = label_boxes(p, shown);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (!boxes[i]) continue;
    p.painter.fillRect(*boxes[i], QColor(p.theme.panel));
    p.painter.setPen(QColor(p.theme.text));
    p.texts.draw(p.painter, boxes[i]->left() + 3, boxes[i]->top() + 1, boxes[i]->width(),
                 shown[i].mark->label);
  }
}

void draw_area(const PlotPainter& p, const Area& area) {
  if (area.first_row >= p.scene.rows.size()) return;
  const Row& first = p.scene.rows[area.first_row];
  const Row& last = p.scene.rows[std::min(area.last_row, p.scene.rows.size() - 1)];
  const double x0 = x_on_axis(p, area.range.start);
  const double x1 = x_on_axis(p, area.range.end);
  const int y0 = y_of(p, first);
  const QRectF rect(x0, y0, x1 - x0, y_of(p, last) + last.height - y0);
  QColor fill(p.theme.accent);
  fill.setAlpha(46);
  p.painter.fillRect(rect, fill);
  p.painter.setPen(QPen(QColor(p.theme.accent), 1));
  p.painter.setBrush(Qt::NoBrush);
  p.painter.drawRect(rect);
  const QString text = duration_text(area.range.length());
  const int width = p.texts.width(text);
  if (rect.width() > width + 8) {
    p.painter.setPen(QColor(p.theme.text));
    const QRect box(static_cast<int>(rect.center().x()) - width / 2 - 4, y0 + 2, width + 8,
                    p.texts.height() + 2);
    p.painter.fillRect(box, QColor(p.theme.panel));
    p.texts.draw(p.painter, box.left() + 4, box.top() + 1, width, text);
  }
}

void draw_range(const PlotPainter& p, const TimeRange& range) {
  QColor shade(p.theme.background);
  shade.setAlpha(150);
  const double x0 = x_on_axis(p, range.start);
  const double x1 = x_on_axis(p, range.end);
  p.painter.fillRect(QRectF(p.plot.left(), p.plot.top(), x0 - p.plot.left(), p.plot.height()),
                     shade);
  p.painter.fillRect(QRectF(x1, p.plot.top(), p.plot.right() + 1 - x1, p.plot.height()), shade);
}

void draw_counter(const PlotPainter& p, const Row& row) {
  const int y = y_of(p, row);
  const double top = row.steps->highest();
  const double bottom = std::min(0.0, row.steps->lowest());
  const TimeWindow own = p.scene.traces[row.trace].map.to_own(p.view.window);
  const double span = std::max(top - bottom, 1e-12);
  const auto y_at = [&](double value) {
    return y + row.height - 2 - (value - bottom) / span * (row.height - 4);
  };
  p.painter.setPen(Qt::NoPen);
  QColor fill(p.theme.accent);
  fill.setAlpha(90);
  std::vector<QLineF> tops;
  for (int x = 0; x < p.plot.width(); ++x) {
    const auto extremes = row.steps->over(own.time_at(x), own.time_at(x + 1));
    if (!extremes) continue;
    const double high = y_at(extremes->high);
    p.painter.fillRect(QRectF(p.plot.left() + x, high, 1, y_at(bottom) - high), fill);
    tops.emplace_back(p.plot.left() + x, high, p.plot.left() + x, y_at(extremes->low) + 1);
  }
  p.painter.setPen(QColor(p.theme.accent));
  p.painter.drawLines(tops.data(), static_cast<int>(tops.size()));
}

}  // namespace

std::optional<QRectF> slice_rect(const PlotPainter& p, SliceRef slice) {
  const SceneTrace& trace = p.scene.traces[slice.trace];
  if (trace.trace == nullptr || !shows(p, slice.trace)) return std::nullopt;
  const SliceColumns& s = trace.trace->slices;
  const LaneRef lane{slice.trace, s.lane[slice.slice]};
  const Row* row = p.scene.row_of(lane);
  if (row == nullptr) return std::nullopt;
  const Scene::Extent extent = p.scene.extent_of(*row, lane);
  const double x0 = x_of(p, slice.trace, static_cast<double>(s.start[slice.slice]));
  const double x1 = x_of(p, slice.trace, static_cast<double>(s.end[slice.slice]));
  return QRectF(x0, y_of(p, *row) + (extent.y - row->y), x1 - x0, extent.height - 1);
}

void draw_counters(const PlotPainter& p) {
  for (const Row& row : p.scene.rows) {
    if (row.kind != RowKind::kCounter || !shows(p, row.trace)) continue;
    const int y = y_of(p, row);
    if (y + row.height < p.plot.top() || y > p.plot.bottom()) continue;
    draw_counter(p, row);
  }
}

void draw_iterations(const PlotPainter& p) {
  QColor colour(p.theme.text);
  colour.setAlpha(70);
  p.painter.setPen(QPen(colour, 1));
  const double width = p.plot.width();
  for (std::size_t t = 0; t < p.scene.traces.size(); ++t) {
    const Trace* trace = p.scene.traces[t].trace;
    const auto index = static_cast<std::uint32_t>(t);
    if (trace == nullptr || !shows(p, index) || (t > 0 && !p.only_trace)) continue;
    double last = -kFar;
    for (const IterationRecord& iteration : trace->iterations) {
      const double x = x_of(p, index, static_cast<double>(iteration.start)) - p.plot.left();
      if (x < 0 || x > width || x - last < 24) continue;
      last = x;
      p.painter.drawLine(QPointF(p.plot.left() + x, p.plot.top()),
                         QPointF(p.plot.left() + x, p.plot.bottom()));
    }
  }
}

void draw_overlay(const PlotPainter& p, const Overlay& overlay) {
  p.painter.save();
  p.painter.setClipRect(p.plot);
  p.painter.setFont(p.texts.font());
  draw_path(p, overlay.path);
  for (const SliceRef found : overlay.found) outline(p, found, p.theme.mark, 1);
  if (overlay.hovered) outline(p, *overlay.hovered, p.theme.text, 1);
  for (const SliceRef match : overlay.matched) outline(p, match, p.theme.accent, 2);
  if (overlay.selected) outline(p, *overlay.selected, p.theme.text, 2);
  p.painter.setRenderHint(QPainter::Antialiasing);
  draw_arrows(p, overlay.arrows);
  p.painter.setRenderHint(QPainter::Antialiasing, false);
  if (overlay.area) draw_area(p, *overlay.area);
  if (overlay.measured) draw_range(p, *overlay.measured);
  draw_marks(p, overlay.marks);
  if (overlay.cursor) {
    p.painter.setPen(QPen(QColor(p.theme.faint_text), 1, Qt::DotLine));
    const double x = x_on_axis(p, *overlay.cursor);
    p.painter.drawLine(QPointF(x, p.plot.top()), QPointF(x, p.plot.bottom()));
  }
  p.painter.restore();
}

}  // namespace mk::gui
