// Bands: what the lanes of one trace show, as columns: intervals with a category each.
//
// Slices are bands (their category says the colour), and so are the causes of all time of the
// workers. Invariants: within a lane bands are sorted by start, then end; start <= end; a category
// is below kMaxCategories. Columns may be those of a trace, which must then outlive the Bands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/instants.h"

namespace mk::gui {

inline constexpr std::size_t kMaxCategories = 256;

struct Bands {
  InstantsView start{};
  InstantsView end{};
  std::span<const std::uint8_t> category{};
  // The bands of lane l are lane_begin[l] .. lane_end[l] - 1.
  std::vector<std::uint32_t> lane_begin{};
  std::vector<std::uint32_t> lane_end{};

  std::size_t lanes() const { return lane_begin.size(); }
  std::uint32_t count(std::size_t lane) const { return lane_end[lane] - lane_begin[lane]; }
};

// The first band of the lane that ends after `time`; lane_end[lane] iff none does. Requires: bands
// of the lane do not overlap.
std::uint32_t first_ending_after(const Bands& bands, std::size_t lane, double time);

// The band of the lane that holds `time`, or else the nearest within `slack`; none iff there is
// none.
std::uint32_t band_at(const Bands& bands, std::size_t lane, double time, double slack);

}  // namespace mk::gui
