#include "gui/model/layers.h"

namespace mk::gui {
namespace {

std::unique_ptr<OwnedLayer> slice_layer(const Trace& trace, ColorBy by,
                                        OperatorPalette& operators) {
  auto owned = std::make_unique<OwnedLayer>();
  Coloring coloring = slice_coloring(trace, by, operators);
  owned->category = std::move(coloring.category);
  owned->layer.entries = std::move(coloring.entries);
  const SliceColumns& s = trace.slices;
  Bands& bands = owned->layer.bands;
  bands = {s.start, s.end, owned->category, {}, {}};
  std::uint32_t k = 0;
  for (std::uint32_t lane = 0; lane < trace.lanes.size(); ++lane) {
    bands.lane_begin.push_back(k);
    while (k < s.size() && s.lane[k] == lane) ++k;
    bands.lane_end.push_back(k);
  }
  return owned;
}

// Causes tile a lane's time: the end of one is the start of the next, with one entry more a lane.
std::unique_ptr<OwnedLayer> cause_layer(const Trace& trace) {
  auto owned = std::make_unique<OwnedLayer>();
  owned->layer.entries = cause_legend();
  Bands& bands = owned->layer.bands;
  bands.lane_begin.assign(trace.lanes.size(), 0);
  bands.lane_end.assign(trace.lanes.size(), 0);
  const auto take_lane = [&](std::uint32_t lane, std::span<const Interval> intervals) {
    bands.lane_begin[lane] = static_cast<std::uint32_t>(owned->start.size());
    for (const Interval& interval : intervals) {
      owned->start.push_back(interval.start);
      owned->category.push_back(static_cast<std::uint8_t>(interval.cause));
    }
    bands.lane_end[lane] = static_cast<std::uint32_t>(owned->start.size());
    if (intervals.empty()) return;
    owned->start.push_back(intervals.back().end);
    owned->category.push_back(static_cast<std::uint8_t>(Cause::kUnknown));
  };
  for_each_lane_intervals(cause_input(trace), take_lane);
  const std::size_t count = owned->start.empty() ? 0 : owned->start.size() - 1;
  bands.start = std::span(owned->start).first(count);
  bands.end = std::span(owned->start).last(count);
  bands.category = std::span(owned->category).first(count);
  return owned;
}

}  // namespace

std::unique_ptr<OwnedLayer> make_layer(const Trace& trace, ColorBy by, OperatorPalette& operators) {
  std::unique_ptr<OwnedLayer> owned =
      by == ColorBy::kCause ? cause_layer(trace) : slice_layer(trace, by, operators);
  owned->layer.mip.emplace(owned->layer.bands);
  return owned;
}

}  // namespace mk::gui
