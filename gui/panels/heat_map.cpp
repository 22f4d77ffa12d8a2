#include "gui/panels/heat_map.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHelpEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QPointer>
#include <QSignalBlocker>
#include <QToolTip>
#include <QVBoxLayout>
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "gui/timeline/fonts.h"
#include "gui/timeline/theme.h"
#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {

constexpr int kLeft = 70;
constexpr int kTop = 28;
constexpr int kRight = 90;
constexpr int kBottom = 40;

QString text(const std::string& value) {
  return value.empty() ? QStringLiteral("none") : QString::fromStdString(value);
}

QString cell_text(const SweepMap& map, const SweepCell& cell) {
  return QStringLiteral("%1 %2, %3 %4: %5\n%6, %7+%8\nclick: simulate and open")
      .arg(text(map.across), text(map.columns[cell.column]), text(map.upwards),
           text(map.rows[cell.row]), duration_text(cell.iteration_us * 1e3),
           text(cell.point.policy))
      .arg(cell.point.workers)
      .arg(cell.point.schedulers);
}

// Boxes in a row, each no wider than it has to be.
QComboBox* narrow_box(const QString& tip, QWidget* parent) {
  auto* box = new QComboBox(parent);
  box->setToolTip(tip);
  box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  return box;
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
  error_.clear();
  update();
}

void HeatMapView::show_error(const QString& error) {
  map_ = {};
  error_ = error;
  update();
}

QRectF HeatMapView::plot(const QSize& size) const {
  return QRectF(kLeft, kTop, std::max(1, size.width() - kLeft - kRight),
                std::max(1, size.height() - kTop - kBottom));
}

QRectF HeatMapView::cell_rect(std::size_t column, std::size_t row) const {
  const QRectF area = plot(size());
  const double width =
      area.width() / static_cast<double>(std::max<std::size_t>(1, map_.columns.size()));
  const double height =
      area.height() / static_cast<double>(std::max<std::size_t>(1, map_.rows.size()));
  return {area.left() + width * static_cast<double>(column),
          area.bottom() - height * static_cast<double>(row + 1), width, height};
}

void HeatMapView::draw_axes(QPainter& painter, const QRectF& area) const {
  const QFontMetricsF metrics = painter.fontMetrics();
  double free_from = -1;
  for (std::size_t c = 0; c < map_.columns.size(); ++c) {
    const double middle = cell_rect(c, 0).center().x();
    const QString value = text(map_.columns[c]);
    const double width = metrics.horizontalAdvance(value) + 8;
    if (middle - width / 2 < free_from) continue;
    free_from = middle + width / 2;
    painter.drawText(QRectF(middle - width / 2, area.bottom() + 2, width, 16), Qt::AlignCenter,
                     value);
  }
  double free_below = area.bottom() + 16;
  for (std::size_t r = 0; r < map_.rows.size(); ++r) {
    const double middle = cell_rect(0, r).center().y();
    if (middle + 8 > free_below) continue;
    free_below = middle - 8;
    painter.drawText(QRectF(0, middle - 8, kLeft - 6, 16), Qt::AlignRight | Qt::AlignVCenter,
                     metrics.elidedText(text(map_.rows[r]), Qt::ElideMiddle, kLeft - 8));
  }
  painter.drawText(
      QRectF(area.left(), area.bottom() + 18, area.width(), 18), Qt::AlignCenter,
      QStringLiteral("%1 →   (upwards: %2)").arg(text(map_.across), text(map_.upwards)));
}

void HeatMapView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().base());
  const QColor ink = palette().color(QPalette::Text);
  painter.setPen(ink);
  const QRectF area = plot(size());
  if (map_.cells.empty()) {
    painter.drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap,
                     error_.isEmpty() ? QStringLiteral("No finished points yet.") : error_);
    return;
  }
  painter.drawText(QRectF(kLeft, 4, area.width(), 20), Qt::AlignLeft | Qt::AlignVCenter,
                   QString::fromStdString(map_.title) + QStringLiteral(": iteration, ") +
                       QStringLiteral("%1 points").arg(map_.cells.size()));
  const double best = map_.best();
  const double span = std::max(map_.worst() - best, 1e-9);
  for (const SweepCell& cell : map_.cells) {
    const QRectF box = cell_rect(cell.column, cell.row).adjusted(0.5, 0.5, -0.5, -0.5);
    const QRgb colour = heat_colour((cell.iteration_us - best) / span);
    painter.fillRect(box, QColor(colour));
    const QString value = QString::number(cell.iteration_us, 'f', 0);
    if (box.height() >= 16 && box.width() > painter.fontMetrics().horizontalAdvance(value) + 6) {
      painter.setPen(QColor(text_on(colour)));
      painter.drawText(box, Qt::AlignCenter, value);
    }
    if (cell.iteration_us == best) {
      painter.setPen(QPen(QColor(text_on(colour)), 2));
      painter.drawRect(box.adjusted(1, 1, -1, -1));
    }
  }
  painter.setPen(ink);
  draw_axes(painter, area);
  for (int y = 0; y < static_cast<int>(area.height()); ++y) {
    const double part = 1 - y / area.height();
    painter.fillRect(QRectF(area.right() + 12, area.top() + y, 12, 1), QColor(heat_colour(part)));
  }
  painter.drawText(QPointF(area.right() + 28, area.top() + 10), duration_text(map_.worst() * 1e3));
  painter.drawText(QPointF(area.right() + 28, area.bottom()), duration_text(best * 1e3));
}

const SweepCell* HeatMapView::cell_at(const QPointF& point) const {
  for (const SweepCell& cell : map_.cells) {
    if (cell_rect(cell.column, cell.row).contains(point)) return &cell;
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
  QToolTip::showText(help->globalPos(), cell == nullptr ? QString() : cell_text(map_, *cell), this);
  return true;
}

HeatMapPanel::HeatMapPanel(Background& background, QWidget* parent)
    : QWidget(parent), background_(background) {
  across_ = narrow_box(QStringLiteral("The axis from left to right"), this);
  upwards_ = narrow_box(QStringLiteral("The axis upwards"), this);
  view_ = new HeatMapView(this);
  values_ = new QHBoxLayout();
  auto* choices = new QHBoxLayout();
  choices->addWidget(across_);
  choices->addWidget(new QLabel(QStringLiteral("x"), this));
  choices->addWidget(upwards_);
  choices->addSpacing(12);
  choices->addLayout(values_);
  choices->addStretch(1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 2, 4, 2);
  layout->addLayout(choices);
  layout->addWidget(view_, 1);
  connect(across_, &QComboBox::currentIndexChanged, this,
          [this] { axis_changed(choice_.across, choice_.upwards, *across_); });
  connect(upwards_, &QComboBox::currentIndexChanged, this,
          [this] { axis_changed(choice_.upwards, choice_.across, *upwards_); });
}

void HeatMapPanel::show_file(const QString& path, OpenedSweep sweep) {
  path_ = path;
  axes_ = std::move(sweep.axes);
  choice_ = std::move(sweep.choice);
  show_axes();
  show_values();
  view_->show_map(std::move(sweep.map));
}

QComboBox* HeatMapPanel::values_of(const QString& axis) {
  const auto found = boxes_.find(axis.toStdString());
  return found == boxes_.end() ? nullptr : found->second;
}

// Who chooses the other axis for this one swaps them.
void HeatMapPanel::axis_changed(std::string& changed, std::string& other, const QComboBox& box) {
  const std::string chosen = box.currentText().toStdString();
  if (chosen == other) other = changed;
  changed = chosen;
  show_axes();
  show_values();
  fill();
}

void HeatMapPanel::show_axes() {
  for (const auto& [box, chosen] :
       {std::pair(across_, &choice_.across), std::pair(upwards_, &choice_.upwards)}) {
    const QSignalBlocker blocker(box);
    box->clear();
    for (const OpenAxis& axis : axes_) box->addItem(text(axis.name));
    for (const std::string& shown : {choice_.across, choice_.upwards}) {
      if (box->findText(text(shown)) < 0) box->addItem(text(shown));
    }
    box->setCurrentText(text(*chosen));
  }
}

void HeatMapPanel::show_values() {
  for (const auto& [axis, box] : boxes_) {
    box->hide();
    box->deleteLater();
  }
  boxes_.clear();
  for (const OpenAxis& axis : axes_) {
    if (axis.name == choice_.across || axis.name == choice_.upwards) continue;
    auto* box = narrow_box(text(axis.name), this);
    box->addItem(text(axis.name) + QStringLiteral(": the best"));
    for (const std::string& value : axis.values) {
      box->addItem(text(axis.name) + QStringLiteral(": ") + text(value),
                   QString::fromStdString(value));
    }
    if (const auto chosen = choice_.values.find(axis.name); chosen != choice_.values.end())
      box->setCurrentIndex(box->findData(QString::fromStdString(chosen->second)));
    connect(box, &QComboBox::currentIndexChanged, this, [this, box, name = axis.name](int index) {
      if (index > 0) {
        choice_.values[name] = box->currentData().toString().toStdString();
      } else {
        choice_.values.erase(name);
      }
      fill();
    });
    boxes_.emplace(axis.name, box);
    values_->addWidget(box);
    box->show();
  }
  layout()->activate();  // at once: pictures of the window are taken as soon as nothing is loading
}

void HeatMapPanel::fill() {
  background_.start(
      {QStringLiteral("reading the sweep"), QStringLiteral("sweep"), OnSameKey::kReplace},
      [panel = QPointer(this), path = path_.toStdString(), choice = choice_](const Job& job) {
        const Result<SweepMap> map = read_sweep_map(path, choice);
        job.deliver([panel, map] {
          if (!panel) return;
          if (map) return panel->view_->show_map(*map);
          panel->view_->show_error(QString::fromStdString(map.error().message));
        });
      });
}

}  // namespace mk::gui
