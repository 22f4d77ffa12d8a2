// The heat map of a sweep: columns are workers, rows schedulers, colour the latency. A cell opens
// its timeline.
#pragma once

#include <QWidget>
#include <functional>

#include "gui/model/sweep_map.h"

class QComboBox;

namespace mk::gui {

// -1 nowhere, else dark blue (fastest) over green to yellow (slowest); stays ordered for
// colour-blind eyes and in grey.
QRgb heat_colour(double part);

class HeatMapView : public QWidget {
 public:
  explicit HeatMapView(QWidget* parent = nullptr);
  void show_map(SweepMap map);
  const SweepMap& map() const { return map_; }
  QRectF cell_rect(std::size_t column, std::size_t row) const;

  std::function<void(const SweepCell&)> on_cell_chosen{};

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  bool event(QEvent* event) override;

 private:
  QRectF plot(const QSize& size) const;
  const SweepCell* cell_at(const QPointF& point) const;

  SweepMap map_{};
};

// With a choice of the policy.
class HeatMapPanel : public QWidget {
 public:
  explicit HeatMapPanel(QWidget* parent = nullptr);
  Status open(const QString& path);
  HeatMapView& view() { return *view_; }

 private:
  void fill();
  QString path_{};
  QComboBox* policy_ = nullptr;
  HeatMapView* view_ = nullptr;
};

}  // namespace mk::gui
