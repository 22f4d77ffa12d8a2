// Coloring: which category and colour each slice of a trace has, by what the person asks for.
#pragma once

#include <QRgb>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gui/timeline/palette.h"
#include "traces/trace.h"

namespace mk::gui {

enum class ColorBy : std::uint8_t { kOperator, kCause, kLayer, kIteration };
std::string_view name_of(ColorBy by);
std::optional<ColorBy> color_by_from_name(std::string_view name);

struct LegendEntry {
  std::string name{};
  QRgb colour = 0;
  bool is_wait = false;  // drawn low, so that it never looks like work
  friend bool operator==(const LegendEntry&, const LegendEntry&) = default;
};

// entries[c] is what category c means.
struct Coloring {
  std::vector<std::uint8_t> category{};  // of each slice
  std::vector<LegendEntry> entries{};
};

// Slices by operator, layer or iteration; the last two have a category for slices that have none.
// Requires: by is not kCause, which colours time and not slices.
Coloring slice_coloring(const Trace& trace, ColorBy by, OperatorPalette& operators);

// The legend of causes, by index of core/cause.h; then what schedulers do.
std::vector<LegendEntry> cause_legend();
inline constexpr std::uint8_t kDispatchCategory = kCauses.size();
inline constexpr std::uint8_t kIdleScheduler = kCauses.size() + 1;

}  // namespace mk::gui
