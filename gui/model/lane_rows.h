// Which rows a timeline has: lanes in groups by trace, device and kind, as the person arranged
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "gui/model/loaded_trace.h"
#include "gui/timeline/scene.h"

namespace mk::gui {

enum class CompareMode : std::uint8_t {
  kStacked,      // one trace below the other
  kInterleaved,  // each lane shows all traces, one below the other
  kSideBySide,   // a plot a trace, axes locked
  kDelta,        // as interleaved, with one part more: how much later tasks of the second started
};
std::string_view name_of(CompareMode mode);
std::optional<CompareMode> compare_mode_from_name(std::string_view name);

// A lane for people: it is the same lane in every trace; stacked, of one trace only.
struct LaneKey {
  std::uint32_t trace = 0;  // 0 unless stacked
  std::uint8_t device = 0;
  LaneKind kind = LaneKind::kWorker;
  std::uint32_t number = 0;
  friend auto operator<=>(const LaneKey&, const LaneKey&) = default;
};

struct Arrangement {
  CompareMode mode = CompareMode::kInterleaved;
  int row_height = 16;            // of one trace's lane, logical pixels
  bool show_counters = false;     // those that are ready
  std::vector<LaneKey> pinned{};  // in this order
  std::set<LaneKey> hidden{};
  std::set<std::uint32_t> collapsed{};  // groups
  std::vector<LaneKey> moved{};  // pairs laid flat: the lane, and the lane that it goes before
};

inline constexpr int kLowestRow = 3;
inline constexpr int kHighestRow = 60;

// The keys of all lanes in the order of the file, hidden ones included.
std::vector<LaneKey> lane_keys(const std::vector<LoadedTrace*>& traces, CompareMode mode);

// Fills rows, heights and pinned_height. Requires: scene.traces holds the traces in order, after
// them, iff `has_delta`, the comparing one.
void arrange(const std::vector<LoadedTrace*>& traces, const Arrangement& arrangement,
             bool has_delta, Scene& scene);

// The key of a row with lanes.
LaneKey key_of(const std::vector<LoadedTrace*>& traces, const Row& row, CompareMode mode);

}  // namespace mk::gui
