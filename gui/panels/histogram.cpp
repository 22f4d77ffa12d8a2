#include "gui/panels/histogram.h"

#include <QPainter>
#include <algorithm>

#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {
constexpr int kTextLine = 16;
}  // namespace

HistogramView::HistogramView(QWidget* parent) : QWidget(parent) { setMinimumHeight(110); }

void HistogramView::show_histogram(const Histogram& histogram, double marked) {
  histogram_ = histogram;
  marked_ = marked;
  setVisible(!histogram_.bins.empty());
  update();
}

void HistogramView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().base());
  if (histogram_.bins.empty()) return;
  const QRect area = rect().adjusted(6, kTextLine, -6, -kTextLine);
  const auto count = static_cast<int>(histogram_.bins.size());
  const double most = *std::max_element(histogram_.bins.begin(), histogram_.bins.end());
  const auto marked = static_cast<int>(histogram_.bin_of(marked_));
  for (int b = 0; b < count; ++b) {
    const double part = histogram_.bins[static_cast<std::size_t>(b)] / most;
    const int x0 = area.left() + area.width() * b / count;
    const int x1 = area.left() + area.width() * (b + 1) / count;
    const int high = static_cast<int>(part * area.height());
    const bool is_marked = b == marked;
    if (high == 0 && part == 0 && !is_marked) continue;
    const QRect bar(x0, area.bottom() - std::max(high, 1), std::max(1, x1 - x0 - 1),
                    std::max(high, 1) + 1);
    painter.fillRect(bar, is_marked ? palette().highlight() : palette().placeholderText());
  }
  painter.setPen(palette().color(QPalette::Text));
  painter.drawText(QRect(6, 0, width() - 12, kTextLine), Qt::AlignLeft | Qt::AlignVCenter,
                   QStringLiteral("%1 peers: p50 %2, p95 %3")
                       .arg(count_text(histogram_.count), duration_text(histogram_.median),
                            duration_text(histogram_.p95)));
  const QRect below(6, height() - kTextLine, width() - 12, kTextLine);
  painter.drawText(below, Qt::AlignLeft | Qt::AlignVCenter, duration_text(histogram_.low));
  painter.drawText(below, Qt::AlignRight | Qt::AlignVCenter, duration_text(histogram_.high));
}

}  // namespace mk::gui
