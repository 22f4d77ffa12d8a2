// Overlay: what a picture shows on top of the lanes because a person asked for it.
#pragma once

#include <QString>
#include <optional>
#include <vector>

#include "gui/timeline/scene.h"

namespace mk::gui {

// Part of the picture that was dragged over: a time range on rows [first_row, last_row].
struct Area {
  TimeRange range{};
  std::size_t first_row = 0;
  std::size_t last_row = 0;
  friend bool operator==(const Area&, const Area&) = default;
};

// From a producer's end to a consumer's start, in own times of the trace.
struct Arrow {
  std::uint32_t trace = 0;
  std::uint32_t from_lane = 0;
  std::uint32_t to_lane = 0;
  double from = 0;
  double to = 0;
};

// One task of a critical path, in order of time within its trace.
struct PathStep {
  std::uint32_t trace = 0;
  std::uint32_t lane = 0;
  double start = 0;
  double end = 0;
};

// A vertical line with a word: a bookmark, a bound, an end.
struct MarkLine {
  double time = 0;  // on the axis
  QString label{};
  bool is_bookmark = true;               // else a bound
  std::optional<std::uint32_t> trace{};  // side by side only in that one's plot
};

struct Overlay {
  std::optional<SliceRef> selected{};
  std::optional<SliceRef> hovered{};
  std::vector<SliceRef> matched{};  // the selected task in the other traces
  std::vector<SliceRef> found{};    // by search
  std::vector<Arrow> arrows{};
  std::vector<PathStep> path{};
  std::vector<MarkLine> marks{};
  std::optional<Area> area{};
  std::optional<TimeRange> measured{};  // being zoomed into
  std::optional<double> cursor{};       // time under the mouse
};

}  // namespace mk::gui
