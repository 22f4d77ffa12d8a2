#include "gui/model/lane_rows.h"

#include <algorithm>
#include <array>
#include <map>

namespace mk::gui {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"stacked", "interleaved", "side-by-side",
                                                    "delta"};
constexpr int kGroupHeight = 18;
constexpr int kCounterHeight = 34;

struct GroupKey {
  std::uint32_t trace = 0;
  std::uint8_t device = 0;
  LaneKind kind = LaneKind::kWorker;
  friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
};

GroupKey group_of(const LaneKey& key) { return {key.trace, key.device, key.kind}; }

class Arranger {
 public:
  Arranger(const std::vector<LoadedTrace*>& traces, const Arrangement& arrangement, bool has_delta,
           Scene& scene)
      : traces_(traces), arrangement_(arrangement), has_delta_(has_delta), scene_(scene) {
    for (std::uint32_t t = 0; t < traces.size(); ++t) {
      const std::vector<Lane>& lanes = traces[t]->trace().lanes;
      for (std::uint32_t l = 0; l < lanes.size(); ++l) {
        const std::uint32_t key_trace = arrangement.mode == CompareMode::kStacked ? t : 0;
        devices_ = std::max<std::size_t>(devices_, lanes[l].device + 1U);
        lanes_[{key_trace, lanes[l].device, lanes[l].kind, lanes[l].number}].push_back({t, l});
      }
    }
  }

  void run() {
    for (const LaneKey& key : arrangement_.pinned) {
      if (lanes_.contains(key)) add_lane(key, true, 0);
    }
    scene_.pinned_height = y_;
    const std::vector<LaneKey> keys = ordered();
    std::optional<GroupKey> open;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (!open || *open != group_of(keys[k])) {
        if (!open || open->trace != keys[k].trace) add_counters(keys[k].trace);
        open = group_of(keys[k]);
        ++group;
        add_group(keys, k, group);
      }
      const bool is_out = arrangement_.collapsed.contains(group) ||
                          arrangement_.hidden.contains(keys[k]) || is_pinned(keys[k]);
      if (!is_out) add_lane(keys[k], false, group);
    }
    scene_.height = y_;
  }

 private:
  bool is_pinned(const LaneKey& key) const {
    return std::find(arrangement_.pinned.begin(), arrangement_.pinned.end(), key) !=
           arrangement_.pinned.end();
  }

  // Keys as moved by the person; a lane stays in its group.
  std::vector<LaneKey> ordered() const {
    std::vector<LaneKey> keys = lane_keys(traces_, arrangement_.mode);
    for (std::size_t m = 0; m + 1 < arrangement_.moved.size(); m += 2) {
      const auto from = std::find(keys.begin(), keys.end(), arrangement_.moved[m]);
      if (from == keys.end()) continue;
      const LaneKey key = *from;
      if (std::find(keys.begin(), keys.end(), arrangement_.moved[m + 1]) == keys.end()) continue;
      if (group_of(key) != group_of(arrangement_.moved[m + 1]) || key == arrangement_.moved[m + 1])
        continue;
      keys.erase(from);
      keys.insert(std::find(keys.begin(), keys.end(), arrangement_.moved[m + 1]), key);
    }
    return keys;
  }

  void add_counters(std::uint32_t key_trace) {
    if (!arrangement_.show_counters) return;
    for (std::uint32_t t = 0; t < traces_.size(); ++t) {
      if (arrangement_.mode == CompareMode::kStacked && t != key_trace) continue;
      if (traces_[t]->ready_counters() == nullptr) continue;
      for (const Steps& steps : *traces_[t]->ready_counters()) {
        Row row;
        row.kind = RowKind::kCounter;
        row.label = QString::fromStdString(steps.name());
        if (traces_.size() > 1 && arrangement_.mode != CompareMode::kSideBySide)
          row.label += QStringLiteral(" · ") + traces_[t]->name();
        row.steps = &steps;
        row.trace = t;
        add(std::move(row), kCounterHeight);
      }
    }
  }

  void add_group(const std::vector<LaneKey>& keys, std::size_t at, std::uint32_t group) {
    std::size_t end = at;
    std::size_t hidden = 0;
    for (; end < keys.size() && group_of(keys[end]) == group_of(keys[at]); ++end)
      hidden += arrangement_.hidden.contains(keys[end]) ? 1 : 0;
    Row row;
    row.kind = RowKind::kGroup;
    row.group = group;
    row.is_collapsed = arrangement_.collapsed.contains(group);
    if (arrangement_.mode == CompareMode::kStacked && traces_.size() > 1)
      row.label = traces_[keys[at].trace]->name() + QStringLiteral(" · ");
    const std::string_view kind = mk::name_of(keys[at].kind);
    row.label += QStringLiteral("%1 %2%3").arg(end - at).arg(
        QString::fromUtf8(kind.data(), static_cast<qsizetype>(kind.size())),
        end - at == 1 ? QString() : QStringLiteral("s"));
    if (devices_ > 1) row.label += QStringLiteral(" · device %1").arg(keys[at].device);
    if (hidden > 0) row.label += QStringLiteral(" (%1 hidden)").arg(hidden);
    add(std::move(row), kGroupHeight);
  }

  void add_lane(const LaneKey& key, bool pinned, std::uint32_t group) {
    Row row;
    row.lanes = lanes_.at(key);
    row.is_pinned = pinned;
    row.group = group;
    const LaneRef first = row.lanes.front();
    row.label = QString::fromStdString(lane_name(traces_[first.trace]->trace().lanes[first.lane]));
    if (pinned && arrangement_.mode == CompareMode::kStacked && traces_.size() > 1)
      row.label += QStringLiteral(" · ") + traces_[key.trace]->name();
    if (has_delta_ && key.kind == LaneKind::kWorker && first.trace == 0)
      row.lanes.push_back({static_cast<std::uint32_t>(traces_.size()), first.lane});
    const int parts = scene_.is_side_by_side ? 1 : static_cast<int>(row.lanes.size());
    add(std::move(row), arrangement_.row_height * parts + (parts > 1 ? 2 : 0));
  }

  void add(Row row, int height) {
    row.y = y_;
    row.height = height;
    y_ += height;
    scene_.rows.push_back(std::move(row));
  }

  const std::vector<LoadedTrace*>& traces_;
  const Arrangement& arrangement_;
  bool has_delta_;
  Scene& scene_;
  std::map<LaneKey, std::vector<LaneRef>> lanes_{};
  std::size_t devices_ = 1;
  int y_ = 0;
};

}  // namespace

std::string_view name_of(CompareMode mode) { return kNames[static_cast<std::size_t>(mode)]; }

std::optional<CompareMode> compare_mode_from_name(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<CompareMode>(found - kNames.begin());
}

std::vector<LaneKey> lane_keys(const std::vector<LoadedTrace*>& traces, CompareMode mode) {
  std::set<LaneKey> keys;
  for (std::uint32_t t = 0; t < traces.size(); ++t) {
    const std::uint32_t key_trace = mode == CompareMode::kStacked ? t : 0;
    for (const Lane& lane : traces[t]->trace().lanes)
      keys.insert({key_trace, lane.device, lane.kind, lane.number});
  }
  return {keys.begin(), keys.end()};
}

void arrange(const std::vector<LoadedTrace*>& traces, const Arrangement& arrangement,
             bool has_delta, Scene& scene) {
  scene.rows.clear();
  scene.is_side_by_side = arrangement.mode == CompareMode::kSideBySide && traces.size() > 1;
  Arranger(traces, arrangement, has_delta, scene).run();
  scene.index_rows();
}

LaneKey key_of(const std::vector<LoadedTrace*>& traces, const Row& row, CompareMode mode) {
  const LaneRef ref = row.lanes.front();
  const Lane& lane = traces[ref.trace]->trace().lanes[ref.lane];
  return {mode == CompareMode::kStacked ? ref.trace : 0, lane.device, lane.kind, lane.number};
}

}  // namespace mk::gui
