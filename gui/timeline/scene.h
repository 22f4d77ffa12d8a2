// Scene: what a timeline picture shows, as plain data. Drawing reads it; the model makes it.
//
// Nothing in here owns a trace: whoever makes a scene keeps what it points to alive.
#pragma once

#include <QString>
#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

#include "gui/timeline/bands.h"
#include "gui/timeline/coloring.h"
#include "gui/timeline/mip.h"
#include "gui/timeline/steps.h"
#include "gui/timeline/time_window.h"
#include "traces/trace.h"

namespace mk::gui {

// Bands with their pyramid and the meaning of their categories.
struct BandLayer {
  Bands bands{};
  std::optional<Mip> mip{};  // none: not built yet, bands are scanned
  std::vector<LegendEntry> entries{};
  std::bitset<kMaxCategories> used{};  // categories that some band has
};
std::bitset<kMaxCategories> used_categories(const Bands& bands);

struct SceneTrace {
  QString name{};
  TimeMap map{};
  const Trace* trace = nullptr;  // null: a lane that compares, its bands are no slices
  const BandLayer* layer = nullptr;
  const BandLayer* waits = nullptr;  // causes, drawn low between slices; null: not there
};

struct LaneRef {
  std::uint32_t trace = 0;  // index into Scene::traces
  std::uint32_t lane = 0;
  friend auto operator<=>(const LaneRef&, const LaneRef&) = default;
};

struct SliceRef {
  std::uint32_t trace = 0;
  std::uint32_t slice = 0;
  friend auto operator<=>(const SliceRef&, const SliceRef&) = default;
};

enum class RowKind : std::uint8_t { kGroup, kLanes, kCounter };

// A row of the picture; y counts logical pixels from the top of all rows.
struct Row {
  RowKind kind = RowKind::kLanes;
  QString label{};
  int y = 0;
  int height = 0;
  std::vector<LaneRef> lanes{};  // one below the other, each with its share of the height
  std::uint32_t group = 0;       // of a group's header and of its lanes
  bool is_collapsed = false;     // of a group's header
  bool is_pinned = false;        // stays in sight while the others scroll
  const Steps* steps = nullptr;  // of a counter
  std::uint32_t trace = 0;       // of a counter
};

struct Scene {
  std::vector<SceneTrace> traces{};
  std::vector<Row> rows{};            // pinned ones first
  int pinned_height = 0;              // of all pinned rows
  int height = 0;                     // of all rows
  bool is_side_by_side = false;       // one plot a trace, beside each other
  TimeRange range{};                  // of all traces, on the axis
  std::vector<LegendEntry> legend{};  // legend_of(*this), made once
  std::uint64_t revision = 0;         // another one whenever anything above or behind it differs

  // The row that shows the lane, null iff it is hidden or collapsed. Requires: index_rows() was
  // called since `rows` was last changed.
  const Row* row_of(LaneRef lane) const;
  void index_rows();
  // Where in its row the lane lies, as top and height. Requires: the row shows it.
  struct Extent {
    int y = 0;
    int height = 0;
  };
  Extent extent_of(const Row& row, LaneRef lane) const;

  std::vector<std::vector<std::uint32_t>> row_index{};  // [trace][lane], kNoIndex: not shown
};

// Where a picture of a scene looks.
struct Viewport {
  TimeWindow window{};  // pixels are logical
  int scroll = 0;       // logical pixels that unpinned rows are moved up
  friend bool operator==(const Viewport&, const Viewport&) = default;
};

}  // namespace mk::gui
