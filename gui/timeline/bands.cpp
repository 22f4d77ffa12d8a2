#include "gui/timeline/bands.h"

#include <algorithm>
#include <ranges>

#include "core/units.h"

namespace mk::gui {

std::uint32_t first_ending_after(const Bands& bands, std::size_t lane, double time) {
  const auto all = std::views::iota(bands.lane_begin[lane], bands.lane_end[lane]);
  return *std::ranges::partition_point(
      all, [&](std::uint32_t k) { return static_cast<double>(bands.end[k]) <= time; });
}

std::uint32_t band_at(const Bands& bands, std::size_t lane, double time, double slack) {
  const std::uint32_t after = first_ending_after(bands, lane, time);
  std::uint32_t nearest = kNoIndex;
  double distance = slack;
  if (after < bands.lane_end[lane]) {
    const double ahead = static_cast<double>(bands.start[after]) - time;
    if (ahead <= 0) return after;
    if (ahead <= distance) {
      nearest = after;
      distance = ahead;
    }
  }
  if (after > bands.lane_begin[lane]) {
    const double behind = time - static_cast<double>(bands.end[after - 1]);
    if (behind <= distance) nearest = after - 1;
  }
  return nearest;
}

}  // namespace mk::gui
