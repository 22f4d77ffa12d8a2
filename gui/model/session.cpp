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

// Matchings stay: an outline has the same tasks as its whole trace.
void Session::contents_changed() { is_stale_ = true; }

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

TimeMap Session::map_of(std::size_t trace) const {
  return aligned(*traces_.front(), *traces_[trace], alignment_, trace);
}

SceneTrace Session::shown(std::size_t at) {
  LoadedTrace& trace = *traces_[at];
  SceneTrace shown;
  shown.name = trace.name();
  shown.map = map_of(at);
  shown.trace = &trace.trace();
  const bool is_there = derives_ || trace.ready_layer(color_by_) != nullptr;
  shown.layer = &trace.layer(is_there ? color_by_ : ColorBy::kOperator, *operators_);
  if (!is_there || color_by_ != ColorBy::kCause) shown.waits = trace.ready_layer(ColorBy::kCause);
  return shown;
}

bool Session::wants_delta() const {
  return arrangement_.mode == CompareMode::kDelta && traces_.size() >= 2;
}

bool Session::has_delta() const {
  return delta_ != nullptr && traces_.size() >= 2 &&
         delta_->pair().first.trace == traces_[0]->share() &&
         delta_->pair().second.trace == traces_[1]->share();
}

bool Session::is_delta_current() const {
  return has_delta() && delta_->pair().first.map == map_of(0) &&
         delta_->pair().second.map == map_of(1);
}

bool Session::lacks_delta() { return wants_delta() && !is_delta_current(); }

void Session::rebuild() {
  scene_ = {};
  TimeRange range;
  for (std::size_t t = 0; t < traces_.size(); ++t) {
    scene_.traces.push_back(shown(t));
    const TimeMap& map = scene_.traces.back().map;
    const TimeRange own{map.to_axis(traces_[t]->range().start),
                        map.to_axis(traces_[t]->range().end)};
    range =
        t == 0 ? own : TimeRange{std::min(range.start, own.start), std::max(range.end, own.end)};
    if (derives_ && arrangement_.show_counters) traces_[t]->counters();
  }
  scene_.range = range;
  if (derives_ && lacks_delta()) delta_ = std::make_shared<DeltaLayer>(*compared(*this, 1));
  const bool with_delta = wants_delta() && has_delta();
  if (with_delta) {
    const QString name = QStringLiteral("difference");
    scene_.traces.push_back({traces_.size() == 2 ? name : name + QStringLiteral(" 1, 2"),
                             scene_.traces[0].map, nullptr, &delta_->layer(), nullptr});
  }
  arrange(traces(), arrangement_, with_delta, scene_);
  scene_.legend = legend_of(scene_);
  scene_.revision = ++revision_;
  is_stale_ = false;
}

std::shared_ptr<const Matching> Session::matching(std::size_t second) {
  MK_CHECK(second > 0 && second < traces_.size(), "a trace is matched with the first one");
  if (matchings_[second] == nullptr && derives_) {
    matchings_[second] =
        std::make_shared<Matching>(match_tasks(traces_[0]->trace(), traces_[second]->trace()));
  }
  return matchings_[second];
}

void Session::install(std::size_t second, std::shared_ptr<const Matching> matching) {
  MK_CHECK(second > 0 && second < traces_.size(), "a trace is matched with the first one");
  matchings_[second] = std::move(matching);
}

std::vector<SliceRef> Session::partners(SliceRef slice) {
  std::vector<SliceRef> partners;
  if (slice.trace >= traces_.size()) return partners;
  std::uint32_t in_first = slice.slice;
  if (slice.trace > 0) {
    const auto own = matching(slice.trace);
    if (own == nullptr) return partners;
    in_first = own->partner_of_second[slice.slice];
    if (in_first == kNoIndex) return partners;
    partners.push_back({0, in_first});
  }
  for (std::uint32_t t = 1; t < traces_.size(); ++t) {
    if (t == slice.trace) continue;
    const auto other = matching(t);
    const std::uint32_t partner = other == nullptr ? kNoIndex : other->partner_of_first[in_first];
    if (partner != kNoIndex) partners.push_back({t, partner});
  }
  return partners;
}

LaneKey Session::key_of(const Row& row) const {
  return gui::key_of(traces(), row, arrangement_.mode);
}

}  // namespace mk::gui
