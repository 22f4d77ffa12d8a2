#include "gui/panels/heat_map.h"

#include <QComboBox>
#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPointer>
#include <QSignalBlocker>
#include <QToolTip>
#include <QVBoxLayout>
#include <algorithm>
#include <array>
#include <cmath>

#include "gui/timeline/fonts.h"
#include "gui/timeline/theme.h"
#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {

constexpr int kLeft = 70;
constexpr int kTop = 28;
constexpr int kRight = 90;
constexpr int kBottom = 40;

QString cell_text(const SweepCell& cell) {
  return QStringLiteral("%1 workers, %2 schedulers: %3\nclick: simulate and open")
      .arg(cell.workers)
      .arg(cell.schedulers)
      .arg(duration_text(cell.iteration_us * 1e3));
}

}  // namespace

QRgb heat_colour(double part) {
  constexpr std::array<QRgb, 5> kStops = {0xff440154, 0xff3b528b, 0xff21918c, 0xff5ec962,
                                          0xfffde725};
  const double at = std::clamp(part, 0.0, 1.0) * (kStops.size() - 1);
  const auto low = std::min(static_cast<std::size_t>(at), kStops.size() - 2);
  return mixed(kStops[low + 1], kStops[low],
               static_cast<int>(std::lround((at - static_cast<double>(low)) * 255)));
}

HeatMapView::HeatMapView(QWidget* parent) : QWidget(parent) {
  setMinimumSize(320, 110);
  setMouseTracking(true);
}

void HeatMapView::show_map(SweepMap map) {
  map_ = std::move(map);
  update();
}

QRectF HeatMapView::plot(const QSize& size) const {
  return QRectF(kLeft, kTop, std::max(1, size.width() - kLeft - kRight),
                std::max(1, size.height() - kTop - kBottom));
}

QRectF HeatMapView::cell_rect(std::size_t column, std::size_t row) const {
  const QRectF area = plot(size());
  const double width =
      area.width() / static_cast<double>(std::max<std::size_t>(1, map_.workers.size()));
  const double height =
      area.height() / static_cast<double>(std::max<std::size_t>(1, map_.schedulers.size()));
  return {area.left() + width * static_cast<double>(column),
          area.bottom() - height * static_cast<double>(row + 1), width, height};
}

void HeatMapView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().base());
  const QColor text = palette().color(QPalette::Text);
  painter.setPen(text);
  const QRectF area = plot(size());
  if (map_.cells.empty()) {
    painter.drawText(rect(), Qt::AlignCenter, QStringLiteral("No finished points yet."));
    return;
  }
  painter.drawText(QRectF(kLeft, 4, area.width(), 20), Qt::AlignLeft | Qt::AlignVCenter,
                   QString::fromStdString(map_.title) + QStringLiteral(": iteration, ") +
                       QStringLiteral("%1 points").arg(map_.cells.size()));
  const double best = map_.best();
  const double span = std::max(map_.worst() - best, 1e-9);
  for (std::size_t c = 0; c < map_.workers.size(); ++c) {
    for (std::size_t r = 0; r < map_.schedulers.size(); ++r) {
      const SweepCell* cell = map_.at(map_.workers[c], map_.schedulers[r]);
      if (cell == nullptr) continue;
      const QRectF box = cell_rect(c, r).adjusted(0.5, 0.5, -0.5, -0.5);
      const QRgb colour = heat_colour((cell->iteration_us - best) / span);
      painter.fillRect(box, QColor(colour));
      const QString value = QString::number(cell->iteration_us, 'f', 0);
      if (box.height() >= 16 && box.width() > painter.fontMetrics().horizontalAdvance(value) + 6) {
        painter.setPen(QColor(text_on(colour)));
        painter.drawText(box, Qt::AlignCenter, value);
      }
      if (cell->iteration_us == best) {
        painter.setPen(QPen(text, 2));
        painter.drawRect(box.adjusted(1, 1, -1, -1));
      }
    }
  }
  painter.setPen(text);
  double free_from = -1;
  for (std::size_t c = 0; c < map_.workers.size(); ++c) {
    const QRectF box = cell_rect(c, 0);
    if (box.center().x() - 16 < free_from) continue;
    free_from = box.center().x() + 16;
    painter.drawText(QRectF(box.center().x() - 30, area.bottom() + 2, 60, 16), Qt::AlignCenter,
                     QString::number(map_.workers[c]));
  }
  for (std::size_t r = 0; r < map_.schedulers.size(); ++r) {
    const QRectF box = cell_rect(0, r);
    painter.drawText(QRectF(0, box.center().y() - 8, kLeft - 6, 16),
                     Qt::AlignRight | Qt::AlignVCenter, QString::number(map_.schedulers[r]));
  }
  painter.drawText(QRectF(area.left(), area.bottom() + 18, area.width(), 18), Qt::AlignCenter,
                   QStringLiteral("workers →   (upwards: schedulers)"));
  for (int y = 0; y < static_cast<int>(area.height()); ++y) {
    const double part = 1 - y / area.height();
    painter.fillRect(QRectF(area.right() + 12, area.top() + y, 12, 1), QColor(heat_colour(part)));
  }
  painter.drawText(QPointF(area.right() + 28, area.top() + 10), duration_text(map_.worst() * 1e3));
  painter.drawText(QPointF(area.right() + 28, area.bottom()), duration_text(best * 1e3));
}

const SweepCell* HeatMapView::cell_at(const QPointF& point) const {
  for (std::size_t c = 0; c < map_.workers.size(); ++c) {
    for (std::size_t r = 0; r < map_.schedulers.size(); ++r) {
      if (cell_rect(c, r).contains(point)) return map_.at(map_.workers[c], map_.schedulers[r]);
    }
  }
  return nullptr;
}

void HeatMapView::mousePressEvent(QMouseEvent* event) {
  const SweepCell* cell = cell_at(event->position());
  if (cell != nullptr && on_cell_chosen) on_cell_chosen(*cell);
}

bool HeatMapView::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const SweepCell* cell = cell_at(help->pos());
  QToolTip::showText(help->globalPos(), cell == nullptr ? QString() : cell_text(*cell), this);
  return true;
}

HeatMapPanel::HeatMapPanel(Background& background, QWidget* parent)
    : QWidget(parent), background_(background) {
  policy_ = new QComboBox(this);
  view_ = new HeatMapView(this);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 2, 4, 2);
  layout->addWidget(policy_);
  layout->addWidget(view_, 1);
  connect(policy_, &QComboBox::currentIndexChanged, this, [this] { fill(); });
}

void HeatMapPanel::show_file(const QString& path, OpenedSweep sweep) {
  path_ = path;
  const QSignalBlocker blocker(policy_);
  policy_->clear();
  policy_->addItem(QStringLiteral("best of all policies"), QString());
  for (const std::string& policy : sweep.policies)
    policy_->addItem(QString::fromStdString(policy), QString::fromStdString(policy));
  view_->show_map(std::move(sweep.map));
}

void HeatMapPanel::choose(const QString& policy) {
  policy_->setCurrentIndex(policy_->findData(policy));
}

void HeatMapPanel::fill() {
  const std::string policy = policy_->currentData().toString().toStdString();
  background_.start(
      {QStringLiteral("reading the sweep"), QStringLiteral("sweep"), OnSameKey::kReplace},
      [panel = QPointer(this), path = path_.toStdString(), policy](const Job& job) {
        const Result<SweepMap> map = read_sweep_map(path, policy);
        job.deliver([panel, map] {
          if (panel) panel->view_->show_map(map ? *map : SweepMap());
        });
      });
}

}  // namespace mk::gui
