// The task graph around the selected task. A click on a node selects one of its tasks in the
// timeline.
#pragma once

#include <QWidget>
#include <functional>

#include "gui/model/graph_view.h"
#include "gui/model/session.h"

namespace mk::gui {

class GraphPanel : public QWidget {
 public:
  explicit GraphPanel(QWidget* parent = nullptr);
  void show_task(Session& session, SliceRef slice);
  void show_nothing();
  const GraphNeighbourhood& graph() const { return graph_; }
  // Where a node is drawn, in the widget.
  QRectF box_of(std::size_t node) const;

  std::function<void(std::uint32_t task)> on_task_chosen{};  // of the shown iteration

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;

 private:
  QTransform to_widget() const;

  GraphNeighbourhood graph_{};
  std::vector<QRgb> colours_{};  // by node
};

}  // namespace mk::gui
