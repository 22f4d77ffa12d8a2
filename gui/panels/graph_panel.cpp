#include "gui/panels/graph_panel.h"

#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QPointer>
#include <algorithm>
#include <utility>

#include "gui/timeline/theme.h"

namespace mk::gui {
namespace {
const QString kKey = QStringLiteral("graph");
constexpr int kSteps = 1;
constexpr double kMargin = 8;
constexpr double kLargest = 1.3;  // scale
}  // namespace

GraphPanel::GraphPanel(Background& background, QWidget* parent)
    : QWidget(parent), background_(background) {
  setMinimumHeight(100);
}

void GraphPanel::show_nothing() {
  wanted_.reset();
  background_.withdraw(kKey);
  graph_ = {};
  update();
}

void GraphPanel::show_task(Session& session, SliceRef slice) {
  const LoadedTrace& open = session.trace(slice.trace);
  const SliceColumns& s = open.trace().slices;
  if (!s.is_task(slice.slice)) return show_nothing();
  wanted_ = Wanted{open.share(), s.iteration[slice.slice], s.task[slice.slice],
                   session.operators()->entries()};
  if (!visibleRegion().isEmpty()) lay_out_wanted();
}

void GraphPanel::showEvent(QShowEvent*) {
  if (wanted_ && !visibleRegion().isEmpty()) lay_out_wanted();
}

void GraphPanel::lay_out_wanted() {
  background_.start(
      {QStringLiteral("task graph"), kKey, OnSameKey::kReplace},
      [panel = QPointer(this), wanted = *std::exchange(wanted_, std::nullopt)](const Job& job) {
        GraphNeighbourhood graph =
            neighbourhood_of(wanted.trace->graph_of(wanted.iteration), wanted.task, kSteps);
        lay_out(graph);
        job.deliver([panel, graph, colours = wanted.colours] {
          if (panel) panel->show_graph(graph, colours);
        });
      });
}

void GraphPanel::show_graph(GraphNeighbourhood graph,
                            const std::vector<OperatorPalette::Entry>& colours) {
  graph_ = std::move(graph);
  colours_.clear();
  for (const GraphNode& node : graph_.nodes) {
    const auto found = std::find_if(colours.begin(), colours.end(), [&](const auto& entry) {
      return entry.name == node.operator_name;
    });
    colours_.push_back(found == colours.end() ? palette().color(QPalette::Button).rgb()
                                              : found->colour);
  }
  update();
}

QTransform GraphPanel::to_widget() const {
  const double scale =
      std::min({kLargest, (width() - 2 * kMargin) / std::max(1.0, graph_.bounds.width()),
                (height() - 2 * kMargin) / std::max(1.0, graph_.bounds.height())});
  QTransform transform;
  transform.translate(std::max(kMargin, (width() - graph_.bounds.width() * scale) / 2),
                      std::max(kMargin, (height() - graph_.bounds.height() * scale) / 2));
  transform.scale(scale, scale);
  return transform;
}

QRectF GraphPanel::box_of(std::size_t node) const {
  return to_widget().mapRect(graph_.nodes[node].box);
}

void GraphPanel::paintEvent(QPaintEvent*) {
  if (wanted_) lay_out_wanted();  // it was behind another dock: moved out of sight, not hidden
  QPainter painter(this);
  painter.fillRect(rect(), palette().base());
  painter.setPen(palette().color(QPalette::PlaceholderText));
  if (graph_.nodes.empty()) {
    painter.drawText(rect(), Qt::AlignCenter,
                     QStringLiteral("Select a task to see what is around it."));
    return;
  }
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setTransform(to_widget());
  for (const GraphEdge& edge : graph_.edges) {
    if (edge.points.size() < 4) continue;
    QPainterPath path(edge.points[0]);
    std::size_t k = 1;
    for (; k + 2 < edge.points.size(); k += 3)
      path.cubicTo(edge.points[k], edge.points[k + 1], edge.points[k + 2]);
    path.lineTo(edge.points.back());
    painter.strokePath(path, QPen(palette().color(QPalette::PlaceholderText), 1.2));
    painter.setBrush(palette().color(QPalette::PlaceholderText));
    painter.drawEllipse(edge.points.back(), 2, 2);
  }
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    const GraphNode& node = graph_.nodes[n];
    painter.setBrush(QColor(colours_[n]));
    painter.setPen(QPen(palette().color(node.is_centre ? QPalette::Highlight : QPalette::Mid),
                        node.is_centre ? 3 : 1));
    const double round = node.is_event ? node.box.height() / 2 : 3;
    painter.drawRoundedRect(node.box, round, round);
    painter.setPen(QColor(text_on(colours_[n])));
    painter.drawText(node.box, Qt::AlignCenter, node.label);
  }
}

void GraphPanel::mousePressEvent(QMouseEvent* event) {
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    if (graph_.nodes[n].is_event || !box_of(n).contains(event->position())) continue;
    if (on_task_chosen) on_task_chosen(graph_.nodes[n].task);
    return;
  }
}

}  // namespace mk::gui
