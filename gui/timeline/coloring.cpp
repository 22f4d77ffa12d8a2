#include "gui/timeline/coloring.h"

#include <algorithm>
#include <array>
#include <map>

#include "gui/timeline/bands.h"

namespace mk::gui {
namespace {

struct ByName {
  ColorBy by;
  std::string_view name;
};
constexpr std::array kNames = {ByName{ColorBy::kOperator, "operator"},
                               ByName{ColorBy::kCause, "cause"}, ByName{ColorBy::kLayer, "layer"},
                               ByName{ColorBy::kIteration, "iteration"}};

constexpr QRgb kNoneColour = 0xff808790;
constexpr QRgb kDispatchColour = 0xffee8866;
constexpr std::uint32_t kLastNumber = kMaxCategories - 2;  // larger numbers share a category

// Categories of numbered things: number n is category n + 1, "none" is category 0.
std::uint8_t numbered(std::uint32_t n) {
  return static_cast<std::uint8_t>(std::min(n, kLastNumber) + 1);
}

std::vector<LegendEntry> numbered_legend(std::string_view what, std::string_view none,
                                         std::uint32_t count) {
  std::vector<LegendEntry> entries{{std::string(none), kNoneColour}};
  for (std::uint32_t n = 0; n < std::min(count, kLastNumber + 1); ++n)
    entries.push_back({std::string(what) + " " + std::to_string(n), sequence_colour(n)});
  return entries;
}

Coloring by_operator(const Trace& trace, OperatorPalette& operators) {
  Coloring coloring;
  const SliceColumns& s = trace.slices;
  std::vector<std::vector<std::uint8_t>> of_operator(trace.graphs.size());
  for (std::size_t g = 0; g < trace.graphs.size(); ++g) {
    for (const TraceOperator& op : trace.graphs[g].operators)
      of_operator[g].push_back(operators.category(op.name));
  }
  std::vector<std::uint8_t> of_name;
  for (const std::string& name : trace.strings) of_name.push_back(operators.category(name));
  coloring.category.resize(s.size());
  for (std::size_t k = 0; k < s.size(); ++k) {
    if (s.is_task(k)) {
      const std::uint32_t g = trace.iterations[s.iteration[k]].graph;
      coloring.category[k] = of_operator[g][trace.graphs[g].tasks.op[s.task[k]]];
    } else {
      coloring.category[k] = of_name[s.name[k]];
    }
  }
  for (const OperatorPalette::Entry& entry : operators.entries())
    coloring.entries.push_back({entry.name, entry.colour});
  return coloring;
}

Coloring by_layer(const Trace& trace) {
  Coloring coloring;
  const SliceColumns& s = trace.slices;
  std::uint32_t layers = 0;
  coloring.category.assign(s.size(), 0);
  for (std::size_t k = 0; k < s.size(); ++k) {
    if (!s.is_task(k)) continue;
    const auto layer = trace.graph_of(s.iteration[k]).op_of(s.task[k]).layer;
    if (!layer) continue;
    coloring.category[k] = numbered(*layer);
    layers = std::max(layers, *layer + 1);
  }
  coloring.entries = numbered_legend("layer", "no layer", layers);
  return coloring;
}

Coloring by_iteration(const Trace& trace) {
  Coloring coloring;
  const SliceColumns& s = trace.slices;
  coloring.category.assign(s.size(), 0);
  for (std::size_t k = 0; k < s.size(); ++k) {
    if (s.iteration[k] != kNoIndex) coloring.category[k] = numbered(s.iteration[k]);
  }
  coloring.entries = numbered_legend("iteration", "no iteration",
                                     static_cast<std::uint32_t>(trace.iterations.size()));
  return coloring;
}

}  // namespace

std::string_view name_of(ColorBy by) { return kNames[static_cast<std::size_t>(by)].name; }

std::optional<ColorBy> color_by_from_name(std::string_view name) {
  for (const ByName& n : kNames) {
    if (n.name == name) return n.by;
  }
  return std::nullopt;
}

Coloring slice_coloring(const Trace& trace, ColorBy by, OperatorPalette& operators) {
  switch (by) {
    case ColorBy::kLayer:
      return by_layer(trace);
    case ColorBy::kIteration:
      return by_iteration(trace);
    case ColorBy::kOperator:
    case ColorBy::kCause:
      break;
  }
  return by_operator(trace, operators);
}

std::vector<LegendEntry> cause_legend() {
  std::vector<LegendEntry> entries;
  for (const CauseFacts& f : kCauses)
    entries.push_back({std::string(f.name), cause_colour(f.cause), !f.is_executing});
  entries.push_back({"dispatch", kDispatchColour, false});
  entries.push_back({"scheduler idle", kNoneColour, true});
  return entries;
}

}  // namespace mk::gui
