#include "gui/panels/scatter_view.h"

#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {

constexpr double kReach = 8;  // pixels within which a click finds a point

double log_of(float ns) { return std::log10(std::max(1.0F, ns)); }

}  // namespace

ScatterView::ScatterView(QWidget* parent) : QWidget(parent) { setMinimumSize(200, 100); }

void ScatterView::show_pairs(std::vector<LengthPair> pairs, std::vector<LegendEntry> entries,
                             QString first, QString second) {
  pairs_ = std::move(pairs);
  entries_ = std::move(entries);
  first_ = std::move(first);
  second_ = std::move(second);
  low_ = pairs_.empty() ? 0 : 1e9;
  high_ = pairs_.empty() ? 1 : -1e9;
  for (const LengthPair& pair : pairs_) {
    low_ = std::min({low_, log_of(pair.first), log_of(pair.second)});
    high_ = std::max({high_, log_of(pair.first), log_of(pair.second)});
  }
  high_ = std::max(high_, low_ + 0.1);
  update();
}

QRectF ScatterView::plot() const { return QRectF(rect()).adjusted(56, 18, -12, -34); }

QPointF ScatterView::point_of(const LengthPair& pair) const {
  const QRectF area = plot();
  const double span = high_ - low_;
  return {area.left() + (log_of(pair.first) - low_) / span * area.width(),
          area.bottom() - (log_of(pair.second) - low_) / span * area.height()};
}

void ScatterView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().base());
  const QRectF area = plot();
  painter.setPen(palette().color(QPalette::PlaceholderText));
  painter.drawRect(area);
  painter.drawLine(area.bottomLeft(), area.topRight());
  for (double decade = std::ceil(low_); decade <= high_; decade += 1) {
    const double part = (decade - low_) / (high_ - low_);
    const double x = area.left() + part * area.width();
    const double y = area.bottom() - part * area.height();
    painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() - 5));
    painter.drawLine(QPointF(area.left(), y), QPointF(area.left() + 5, y));
    const QString label = duration_text(std::pow(10, decade));
    const double wide = painter.fontMetrics().horizontalAdvance(label);
    painter.drawText(QPointF(std::min(x - wide / 2, width() - wide), area.bottom() + 13), label);
    painter.drawText(QRectF(0, y - 8, area.left() - 4, 16), Qt::AlignRight | Qt::AlignVCenter,
                     label);
  }
  for (const LengthPair& pair : pairs_) {
    const QPointF at = point_of(pair);
    painter.fillRect(QRectF(at.x() - 1, at.y() - 1, 2, 2), QColor(entries_[pair.category].colour));
  }
  painter.setPen(palette().color(QPalette::Text));
  painter.drawText(QRect(0, 0, width(), 18), Qt::AlignCenter,
                   QStringLiteral("↑ length in %1").arg(second_));
  painter.drawText(QRect(0, height() - 18, width(), 18), Qt::AlignCenter,
                   QStringLiteral("length in %1 →").arg(first_));
}

void ScatterView::mousePressEvent(QMouseEvent* event) {
  const LengthPair* nearest = nullptr;
  double distance = kReach;
  for (const LengthPair& pair : pairs_) {
    const double away = (point_of(pair) - event->position()).manhattanLength();
    if (away >= distance) continue;
    distance = away;
    nearest = &pair;
  }
  if (nearest != nullptr && on_slice_chosen) on_slice_chosen(nearest->slice);
}

}  // namespace mk::gui
