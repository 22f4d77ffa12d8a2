#include "gui/model/layers.h"

#include <algorithm>

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

// Collects bands that tile the time of a lane: the end of one is the start of the next, and after
// the last of a lane stands one more, which only ends it.
class Tiles {
 public:
  explicit Tiles(std::size_t lanes) : owned_(std::make_unique<OwnedLayer>()) {
    owned_->layer.bands.lane_begin.assign(lanes, 0);
    owned_->layer.bands.lane_end.assign(lanes, 0);
  }

  void begin(std::uint32_t lane) { owned_->layer.bands.lane_begin[lane] = size(); }
  void add(Nanoseconds start, std::uint8_t category) {
    owned_->start.push_back(start);
    owned_->category.push_back(category);
  }
  void finish(std::uint32_t lane, Nanoseconds end) {
    owned_->layer.bands.lane_end[lane] = size();
    add(end, static_cast<std::uint8_t>(Cause::kUnknown));
  }

  std::unique_ptr<OwnedLayer> take() && {
    const std::size_t count = owned_->start.empty() ? 0 : owned_->start.size() - 1;
    owned_->start.shrink_to_fit();
    owned_->category.shrink_to_fit();
    owned_->layer.bands.start = InstantsView(owned_->start, 0, count);
    owned_->layer.bands.end = InstantsView(owned_->start, owned_->start.size() - count, count);
    owned_->layer.bands.category = std::span(owned_->category).first(count);
    owned_->layer.entries = cause_legend();
    return std::move(owned_);
  }

 private:
  std::uint32_t size() const { return static_cast<std::uint32_t>(owned_->start.size()); }

  std::unique_ptr<OwnedLayer> owned_;
};

// Schedulers have no slices: from taking an event to its last task enqueued they dispatch.
void add_schedulers(const Trace& trace, Tiles& tiles) {
  std::vector<std::vector<std::pair<Nanoseconds, Nanoseconds>>> busy(trace.lanes.size());
  for (const ActivationRecord& a : trace.activations) {
    const bool is_whole = a.lane && a.dequeued != kNotTaken && a.launched != kNotTaken;
    if (is_whole && trace.lanes[*a.lane].kind == LaneKind::kScheduler)
      busy[*a.lane].emplace_back(a.dequeued, a.launched);
  }
  for (std::uint32_t lane = 0; lane < busy.size(); ++lane) {
    if (busy[lane].empty()) continue;
    std::sort(busy[lane].begin(), busy[lane].end());
    tiles.begin(lane);
    Nanoseconds free = std::min(trace.start(), busy[lane].front().first);
    for (const auto& [from, to] : busy[lane]) {
      if (from > free) tiles.add(free, kIdleScheduler);
      if (to > std::max(from, free)) tiles.add(std::max(from, free), kDispatchCategory);
      free = std::max(free, to);
    }
    tiles.finish(lane, free);
  }
}

std::unique_ptr<OwnedLayer> cause_layer(const Trace& trace) {
  Tiles tiles(trace.lanes.size());
  const auto take_lane = [&](std::uint32_t lane, std::span<const Interval> intervals) {
    if (intervals.empty()) return;
    tiles.begin(lane);
    for (const Interval& interval : intervals)
      tiles.add(interval.start, static_cast<std::uint8_t>(interval.cause()));
    tiles.finish(lane, intervals.back().end);
  };
  for_each_lane_intervals(cause_input(trace), take_lane);
  add_schedulers(trace, tiles);
  return std::move(tiles).take();
}

}  // namespace

std::unique_ptr<OwnedLayer> make_layer(const Trace& trace, ColorBy by, OperatorPalette& operators) {
  std::unique_ptr<OwnedLayer> owned =
      by == ColorBy::kCause ? cause_layer(trace) : slice_layer(trace, by, operators);
  owned->layer.mip.emplace(owned->layer.bands);
  owned->layer.used = used_categories(owned->layer.bands);
  return owned;
}

std::unique_ptr<OwnedLayer> rebound(const OwnedLayer& layer, const Trace& whole) {
  auto owned = std::make_unique<OwnedLayer>();
  owned->layer = layer.layer;
  owned->category = layer.category;
  owned->layer.bands.start = whole.slices.start;
  owned->layer.bands.end = whole.slices.end;
  owned->layer.bands.category = owned->category;
  return owned;
}

}  // namespace mk::gui
