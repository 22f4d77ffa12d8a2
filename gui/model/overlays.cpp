#include "gui/model/overlays.h"

#include <algorithm>

namespace mk::gui {
namespace {

constexpr int kComfortableRow = 22;

Nanoseconds done_at(const SliceColumns& s, std::uint32_t slice) {
  return std::max(s.end[slice], s.notified[slice]);  // kNotTaken is below every instant
}

}  // namespace

std::vector<std::uint32_t> producers_of(LoadedTrace& trace, std::uint32_t slice) {
  const SliceColumns& s = trace.trace().slices;
  std::vector<std::uint32_t> slices;
  if (!s.is_task(slice)) {
    for (const SliceFlow& flow : trace.trace().flows) {
      if (flow.to == slice) slices.push_back(flow.from);
    }
    return slices;
  }
  const TraceIndex* index = trace.index();
  if (index == nullptr) return slices;
  const std::uint32_t iteration = s.iteration[slice];
  const std::uint32_t graph = trace.trace().iterations[iteration].graph;
  const std::uint32_t event = trace.trace().graphs[graph].tasks.dependent_event[s.task[slice]];
  for (const std::uint32_t task : index->producers(graph, event)) {
    const std::uint32_t k = index->slice_of(iteration, task);
    if (k != kNoIndex) slices.push_back(k);
  }
  std::stable_sort(slices.begin(), slices.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return done_at(s, a) > done_at(s, b); });
  return slices;
}

std::vector<std::uint32_t> consumers_of(LoadedTrace& trace, std::uint32_t slice) {
  const SliceColumns& s = trace.trace().slices;
  std::vector<std::uint32_t> slices;
  if (!s.is_task(slice)) {
    for (const SliceFlow& flow : trace.trace().flows) {
      if (flow.from == slice) slices.push_back(flow.to);
    }
    return slices;
  }
  const TraceIndex* index = trace.index();
  if (index == nullptr) return slices;
  const std::uint32_t iteration = s.iteration[slice];
  const TraceGraph& graph = trace.trace().graph_of(iteration);
  const std::uint32_t event = graph.tasks.triggering_event[s.task[slice]];
  for (std::uint32_t t = graph.events.first_task[event]; t < graph.events.end_task[event]; ++t) {
    const std::uint32_t k = index->slice_of(iteration, t);
    if (k != kNoIndex) slices.push_back(k);
  }
  std::stable_sort(slices.begin(), slices.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return s.start[a] < s.start[b]; });
  return slices;
}

std::vector<Arrow> dependency_arrows(LoadedTrace& trace, std::uint32_t trace_number,
                                     std::uint32_t slice, std::size_t most) {
  const SliceColumns& s = trace.trace().slices;
  std::vector<Arrow> arrows;
  const auto add = [&](std::uint32_t from, std::uint32_t to) {
    arrows.push_back({trace_number, s.lane[from], s.lane[to], static_cast<double>(done_at(s, from)),
                      static_cast<double>(s.start[to])});
  };
  for (const std::uint32_t k : producers_of(trace, slice)) {
    if (arrows.size() < most / 2) add(k, slice);
  }
  for (const std::uint32_t k : consumers_of(trace, slice)) {
    if (arrows.size() < most) add(slice, k);
  }
  return arrows;
}

void select_slice(Session& session, SliceRef slice, Overlay& overlay) {
  overlay.selected = slice;
  overlay.matched = session.partners(slice);
  overlay.arrows = dependency_arrows(session.trace(slice.trace), slice.trace, slice.slice);
}

void clear_selection(Overlay& overlay) {
  overlay.selected.reset();
  overlay.matched.clear();
  overlay.arrows.clear();
  overlay.area.reset();
}

std::vector<PathStep> path_steps(Session& session) {
  std::vector<PathStep> steps;
  for (std::uint32_t t = 0; t < session.size(); ++t) {
    LoadedTrace& trace = session.trace(t);
    if (session.derives()) trace.critical_path();
    if (trace.ready_critical_path() == nullptr) continue;
    for (const ChainLink& link : trace.ready_critical_path()->links) {
      steps.push_back(
          {t, link.lane, static_cast<double>(link.start), static_cast<double>(link.end)});
    }
  }
  return steps;
}

int fitting_row_height(Session& session, int height) {
  const Scene& scene = session.scene();
  const int now = session.arrangement().row_height;
  int parts = 0;
  for (const Row& row : scene.rows) {
    if (row.kind == RowKind::kLanes) parts += row.height / now;
  }
  const int fixed = scene.height - parts * now;
  return parts == 0 ? kComfortableRow
                    : std::clamp((height - fixed) / parts, kLowestRow, kComfortableRow);
}

}  // namespace mk::gui
