#include "gui/timeline/bands.h"

#include <algorithm>

#include "core/units.h"

namespace mk::gui {

std::uint32_t first_ending_after(const Bands& bands, std::size_t lane, double time) {
  const auto first = bands.end.begin() + bands.lane_begin[lane];
  const auto last = bands.end.begin() + bands.lane_end[lane];
  const auto it = std::partition_point(
      first, last, [time](Nanoseconds end) { return static_cast<double>(end) <= time; });
  return static_cast<std::uint32_t>(it - bands.end.begin());
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
