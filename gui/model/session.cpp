#include "gui/model/session.h"

#include <algorithm>

#include "core/check.h"
#include "gui/timeline/legend.h"

namespace mk::gui {

void Session::add(std::unique_ptr<LoadedTrace> trace) {
  traces_.push_back(std::move(trace));
  matchings_.emplace_back();
  is_stale_ = true;
}

void Session::close(std::size_t trace) {
  MK_CHECK(trace < traces_.size(), "only an open trace can be closed");
  scene_ = {};
  delta_.reset();
  traces_.erase(traces_.begin() + static_cast<std::ptrdiff_t>(trace));
  matchings_.clear();
  matchings_.resize(traces_.size());
  alignment_.shift_by_hand.clear();
  is_stale_ = true;
}

void Session::contents_changed() {
  for (auto& matching : matchings_) matching.reset();
  is_stale_ = true;
}

std::vector<LoadedTrace*> Session::traces() const {
  std::vector<LoadedTrace*> traces;
  for (const auto& trace : traces_) traces.push_back(trace.get());
  return traces;
}

void Session::set_color_by(ColorBy by) {
  color_by_ = by;
  is_stale_ = true;
}

void Session::set_arrangement(Arrangement arrangement) {
  arrangement_ = std::move(arrangement);
  arrangement_.row_height = std::clamp(arrangement_.row_height, kLowestRow, kHighestRow);
  is_stale_ = true;
}

void Session::set_alignment(Alignment alignment) {
  alignment_ = std::move(alignment);
  is_stale_ = true;
}

const Scene& Session::scene() {
  if (is_stale_) rebuild();
  return scene_;
}

void Session::rebuild() {
  scene_ = {};
  delta_.reset();
  TimeRange range;
  for (std::size_t t = 0; t < traces_.size(); ++t) {
    LoadedTrace& trace = *traces_[t];
    SceneTrace shown;
    shown.name = trace.name();
    shown.map = aligned(*traces_.front(), trace, alignment_, t);
    shown.trace = &trace.trace();
    shown.layer = &trace.layer(color_by_, *operators_);
    if (color_by_ != ColorBy::kCause) shown.waits = trace.ready_layer(ColorBy::kCause);
    const TimeRange own{shown.map.to_axis(trace.range().start),
                        shown.map.to_axis(trace.range().end)};
    range =
        t == 0 ? own : TimeRange{std::min(range.start, own.start), std::max(range.end, own.end)};
    scene_.traces.push_back(shown);
  }
  scene_.range = range;
  const bool has_delta = arrangement_.mode == CompareMode::kDelta && traces_.size() == 2;
  if (has_delta) {
    delta_ = std::make_unique<DeltaLayer>(*traces_[0], scene_.traces[0].map, traces_[1]->trace(),
                                          scene_.traces[1].map, matching(1), *operators_);
    scene_.traces.push_back(
        {QStringLiteral("difference"), scene_.traces[0].map, nullptr, &delta_->layer(), nullptr});
  }
  arrange(traces(), arrangement_, has_delta, scene_);
  scene_.legend = legend_of(scene_);
  scene_.revision = ++revision_;
  is_stale_ = false;
}

const Matching& Session::matching(std::size_t second) {
  MK_CHECK(second > 0 && second < traces_.size(), "a trace is matched with the first one");
  if (matchings_[second] == nullptr) {
    matchings_[second] =
        std::make_unique<Matching>(match_tasks(traces_[0]->trace(), traces_[second]->trace()));
  }
  return *matchings_[second];
}

std::vector<SliceRef> Session::partners(SliceRef slice) {
  std::vector<SliceRef> partners;
  if (slice.trace >= traces_.size()) return partners;
  std::uint32_t in_first = slice.slice;
  if (slice.trace > 0) {
    in_first = matching(slice.trace).partner_of_second[slice.slice];
    if (in_first == kNoIndex) return partners;
    partners.push_back({0, in_first});
  }
  for (std::uint32_t t = 1; t < traces_.size(); ++t) {
    if (t == slice.trace) continue;
    const std::uint32_t partner = matching(t).partner_of_first[in_first];
    if (partner != kNoIndex) partners.push_back({t, partner});
  }
  return partners;
}

LaneKey Session::key_of(const Row& row) const {
  return gui::key_of(traces(), row, arrangement_.mode);
}

}  // namespace mk::gui
