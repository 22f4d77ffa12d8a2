// The heat map of a sweep: columns are workers, rows schedulers, colour the latency. A cell opens
// its timeline.
#pragma once

#include <QWidget>
#include <functional>

#include "gui/model/background.h"
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

// With a choice of the policy, whose points are read in the background.
class HeatMapPanel : public QWidget {
 public:
  // `background` outlives the panel.
  explicit HeatMapPanel(Background& background, QWidget* parent = nullptr);
  void show_file(const QString& path, OpenedSweep sweep);
  void choose(const QString& policy);
  HeatMapView& view() { return *view_; }

 private:
  void fill();

  Background& background_;
  QString path_{};
  QComboBox* policy_ = nullptr;
  HeatMapView* view_ = nullptr;
};

}  // namespace mk::gui
