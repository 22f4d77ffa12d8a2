#include "gui/view/pick.h"

#include <algorithm>
#include <cmath>

namespace mk::gui {
namespace {

constexpr double kReach = 3;  // pixels

Part part_at(const Layout& layout, const QPoint& point) {
  if (layout.minimap.contains(point)) return Part::kMinimap;
  if (layout.gutter.contains(point)) return Part::kGutter;
  if (layout.legend.contains(point)) return Part::kLegend;
  if (layout.corner.contains(point)) return Part::kCorner;
  if (point.y() < layout.gutter.top()) return Part::kRuler;
  return Part::kPlot;
}

std::optional<LaneRef> lane_at(const Scene& scene, const Row& row, std::size_t plot, int y) {
  if (row.kind != RowKind::kLanes) return std::nullopt;
  for (const LaneRef lane : row.lanes) {
    if (scene.is_side_by_side) {
      if (lane.trace == plot) return lane;
      continue;
    }
    const Scene::Extent extent = scene.extent_of(row, lane);
    if (y < extent.y + extent.height) return lane;
  }
  return std::nullopt;
}

std::optional<SliceRef> slice_at(const Scene& scene, LaneRef lane, double time, double slack) {
  const SceneTrace* trace = &scene.traces[lane.trace];
  std::uint32_t number = lane.trace;
  if (trace->trace == nullptr) {  // the comparing lane has the first trace's slices
    trace = &scene.traces[0];
    number = 0;
  }
  const SliceColumns& s = trace->trace->slices;
  const auto range = std::equal_range(s.lane.begin(), s.lane.end(), lane.lane);
  Bands bands{s.start, s.end, {}, {}, {}};  // of this lane only
  bands.lane_begin = {static_cast<std::uint32_t>(range.first - s.lane.begin())};
  bands.lane_end = {static_cast<std::uint32_t>(range.second - s.lane.begin())};
  const std::uint32_t slice = band_at(bands, 0, trace->map.to_own(time), slack / trace->map.scale);
  if (slice == kNoIndex) return std::nullopt;
  return SliceRef{number, slice};
}

}  // namespace

std::size_t row_at(const Scene& scene, int scroll, int y) {
  const int in_rows = y < scene.pinned_height ? y : y + scroll;
  for (std::size_t r = 0; r < scene.rows.size(); ++r) {
    if (in_rows < scene.rows[r].y + scene.rows[r].height) return r;
  }
  return scene.rows.size() - 1;
}

Picked pick(const Scene& scene, const Viewport& view, const Layout& layout, const QPointF& point) {
  Picked picked;
  picked.part = part_at(layout, point.toPoint());
  picked.plot = layout.plot_at(static_cast<int>(point.x()));
  const QRect plot = layout.plots[picked.plot];
  picked.x = point.x() - plot.left();
  picked.time = view.window.time_at(picked.x);
  const int y = static_cast<int>(point.y()) - plot.top();
  const bool is_on_rows = picked.part == Part::kPlot || picked.part == Part::kGutter;
  const int in_rows = y < scene.pinned_height ? y : y + view.scroll;
  if (!is_on_rows || scene.rows.empty() || in_rows < 0 || in_rows >= scene.height) return picked;
  picked.row = row_at(scene, view.scroll, y);
  picked.lane = lane_at(scene, scene.rows[*picked.row], picked.plot, in_rows);
  if (picked.lane && picked.part == Part::kPlot)
    picked.slice = slice_at(scene, *picked.lane, picked.time, kReach * view.window.ns_per_pixel);
  return picked;
}

double snapped(const Scene& scene, LaneRef lane, double time, double slack) {
  const SceneTrace& trace = scene.traces[lane.trace];
  const Bands& bands = trace.layer->bands;
  const std::uint32_t after = first_ending_after(bands, lane.lane, trace.map.to_own(time - slack));
  double best = time;
  double distance = slack;
  for (std::uint32_t k = after; k < bands.lane_end[lane.lane]; ++k) {
    const double start = trace.map.to_axis(static_cast<double>(bands.start[k]));
    if (start > time + slack) break;
    for (const double edge : {start, trace.map.to_axis(static_cast<double>(bands.end[k]))}) {
      if (std::abs(edge - time) > distance) continue;
      distance = std::abs(edge - time);
      best = edge;
    }
  }
  return best;
}

}  // namespace mk::gui
