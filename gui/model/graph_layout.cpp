#include <graphviz/gvc.h>

#include <string>

#include "gui/model/graph_view.h"

namespace mk::gui {
namespace {

constexpr double kInch = 72;  // Graphviz counts nodes in inches, everything else in points

// Graphviz takes texts that it may keep, without const.
char* text(const char* literal) { return const_cast<char*>(literal); }

void set(void* object, const char* name, const std::string& value) {
  agsafeset(object, text(name), const_cast<char*>(value.c_str()), text(""));
}

// Owns one layout.
class Layout {
 public:
  Layout() : context_(gvContext()), graph_(agopen(text("g"), Agdirected, nullptr)) {}
  ~Layout() {
    if (is_laid_out_) gvFreeLayout(context_, graph_);
    agclose(graph_);
    gvFreeContext(context_);
  }
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;

  Agraph_t* graph() { return graph_; }
  bool run() {
    is_laid_out_ = gvLayout(context_, graph_, "dot") == 0;
    return is_laid_out_;
  }

 private:
  GVC_t* context_;
  Agraph_t* graph_;
  bool is_laid_out_ = false;
};

std::vector<QPointF> curve_of(Agedge_t* edge, double height) {
  std::vector<QPointF> points;
  const splines* lines = ED_spl(edge);
  if (lines == nullptr || lines->size == 0) return points;
  const bezier& curve = lines->list[0];
  for (std::size_t k = 0; k < static_cast<std::size_t>(curve.size); ++k)
    points.emplace_back(curve.list[k].x, height - curve.list[k].y);
  if (curve.eflag != 0) points.emplace_back(curve.ep.x, height - curve.ep.y);
  return points;
}

}  // namespace

void lay_out(GraphNeighbourhood& graph) {
  Layout layout;
  set(layout.graph(), "rankdir", "LR");
  set(layout.graph(), "nodesep", "0.12");
  set(layout.graph(), "ranksep", "0.45");
  std::vector<Agnode_t*> nodes;
  for (std::size_t k = 0; k < graph.nodes.size(); ++k) {
    const std::string name = "n" + std::to_string(k);
    nodes.push_back(agnode(layout.graph(), const_cast<char*>(name.c_str()), 1));
    const qsizetype widest = graph.nodes[k].label.section('\n', 0, 0).size();
    set(nodes.back(), "shape", "box");
    set(nodes.back(), "fixedsize", "true");
    set(nodes.back(), "label", "");
    set(nodes.back(), "width", std::to_string((static_cast<double>(widest) * 7.2 + 22) / kInch));
    set(nodes.back(), "height", std::to_string((graph.nodes[k].is_event ? 36 : 26) / kInch));
  }
  std::vector<Agedge_t*> edges;
  for (const GraphEdge& edge : graph.edges)
    edges.push_back(agedge(layout.graph(), nodes[edge.from], nodes[edge.to], nullptr, 1));
  if (!layout.run()) return;
  const boxf bounds = GD_bb(layout.graph());
  const double height = bounds.UR.y;
  graph.bounds = QRectF(0, 0, bounds.UR.x, height);
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    const double width = ND_width(nodes[k]) * kInch;
    const double high = ND_height(nodes[k]) * kInch;
    graph.nodes[k].box = QRectF(ND_coord(nodes[k]).x - width / 2,
                                height - ND_coord(nodes[k]).y - high / 2, width, high);
  }
  for (std::size_t k = 0; k < edges.size(); ++k) graph.edges[k].points = curve_of(edges[k], height);
}

}  // namespace mk::gui
