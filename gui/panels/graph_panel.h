// The task graph around the selected task. A click on a node selects one of its tasks in the
// timeline. Laid out only while it is seen, and in the background.
#pragma once

#include <QWidget>
#include <functional>

#include "gui/model/background.h"
#include "gui/model/graph_view.h"
#include "gui/model/session.h"

namespace mk::gui {

class GraphPanel : public QWidget {
 public:
  // `background` outlives the panel.
  explicit GraphPanel(Background& background, QWidget* parent = nullptr);
  void show_task(Session& session, SliceRef slice);
  void show_nothing();
  const GraphNeighbourhood& graph() const { return graph_; }
  // Where a node is drawn, in the widget.
  QRectF box_of(std::size_t node) const;

  std::function<void(std::uint32_t task)> on_task_chosen{};  // of the shown iteration

 protected:
  void showEvent(QShowEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;

 private:
  struct Wanted {
    std::shared_ptr<const Trace> trace{};
    std::uint32_t iteration = 0;
    std::uint32_t task = 0;
    std::vector<OperatorPalette::Entry> colours{};
  };
  QTransform to_widget() const;
  void lay_out_wanted();
  void show_graph(GraphNeighbourhood graph, const std::vector<OperatorPalette::Entry>& colours);

  Background& background_;
  std::optional<Wanted> wanted_{};  // not laid out yet: nobody sees it
  GraphNeighbourhood graph_{};
  std::vector<QRgb> colours_{};  // by node
};

}  // namespace mk::gui
