// The task graph around one task: operators as nodes with how many of their tasks take part, and
// the events between them, laid out in layers by Graphviz.
#pragma once

#include <QPointF>
#include <QRectF>
#include <QString>
#include <cstdint>
#include <optional>
#include <vector>

#include "traces/trace.h"

namespace mk::gui {

struct GraphNode {
  QString label{};
  bool is_event = false;
  bool is_centre = false;       // holds the task that was asked for
  std::uint32_t task = 0;       // one of its tasks; of an event that of the centre's side
  std::uint32_t tasks = 0;      // how many; of an event its trigger count
  std::string operator_name{};  // of an operator
  QRectF box{};                 // once laid out
};

struct GraphEdge {
  std::size_t from = 0;
  std::size_t to = 0;
  std::vector<QPointF> points{};  // once laid out: a Bezier curve, 3 n + 1 points
};

struct GraphNeighbourhood {
  std::vector<GraphNode> nodes{};
  std::vector<GraphEdge> edges{};
  QRectF bounds{};
};

// Up to `steps` events back and forth from the task. Requires: task < graph.task_count().
GraphNeighbourhood neighbourhood_of(const TraceGraph& graph, std::uint32_t task, int steps);

// Fills boxes and curves, left to right. One thread at a time: Graphviz has state of its own.
void lay_out(GraphNeighbourhood& graph);

}  // namespace mk::gui
