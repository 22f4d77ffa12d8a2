// The heat map of a sweep: columns and rows are values of two of its axes, workers and schedulers
// first, colour is the latency. A cell opens its timeline.
#pragma once

#include <QWidget>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gui/model/background.h"
#include "gui/model/sweep_map.h"

class QComboBox;
class QHBoxLayout;

namespace mk::gui {

// -1 nowhere, else dark blue (fastest) over green to yellow (slowest); stays ordered for
// colour-blind eyes and in grey.
QRgb heat_colour(double part);

class HeatMapView : public QWidget {
 public:
  explicit HeatMapView(QWidget* parent = nullptr);
  void show_map(SweepMap map);
  void show_error(const QString& error);  // in place of a map
  const SweepMap& map() const { return map_; }
  const QString& error() const { return error_; }
  QRectF cell_rect(std::size_t column, std::size_t row) const;

  std::function<void(const SweepCell&)> on_cell_chosen{};

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  bool event(QEvent* event) override;

 private:
  QRectF plot(const QSize& size) const;
  void draw_axes(QPainter& painter, const QRectF& area) const;
  const SweepCell* cell_at(const QPointF& point) const;

  SweepMap map_{};
  QString error_{};
};

// With a box for each of the two axes, and one for each other axis that has several values: which
// points count. They are read in the background.
class HeatMapPanel : public QWidget {
 public:
  // `background` outlives the panel.
  explicit HeatMapPanel(Background& background, QWidget* parent = nullptr);
  void show_file(const QString& path, OpenedSweep sweep);
  HeatMapView& view() { return *view_; }
  QComboBox& across() { return *across_; }
  QComboBox& upwards() { return *upwards_; }
  // Null iff the axis has one value, or is one of the two.
  QComboBox* values_of(const QString& axis);

 private:
  void axis_changed(std::string& changed, std::string& other, const QComboBox& box);
  void show_axes();
  void show_values();
  void fill();

  Background& background_;
  QString path_{};
  std::vector<OpenAxis> axes_{};
  SweepChoice choice_{};
  QHBoxLayout* values_ = nullptr;
  std::map<std::string, QComboBox*> boxes_{};  // by axis
  QComboBox* across_ = nullptr;
  QComboBox* upwards_ = nullptr;
  HeatMapView* view_ = nullptr;
};

}  // namespace mk::gui
