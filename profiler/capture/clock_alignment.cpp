#include "profiler/capture/clock_alignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mk::capture {
namespace {

Nanoseconds middle_of(std::span<const ClockStamp> stamps) {
  const auto [first, last] = std::minmax_element(
      stamps.begin(), stamps.end(),
      [](const ClockStamp& a, const ClockStamp& b) { return a.device_first < b.device_first; });
  return first->device_first + (last->device_last - first->device_first) / 2;
}

// What all the device's readings are multiples of, from the first one on; 1 where there are fewer
// than two different ones.
Nanoseconds tick_of(std::span<const ClockStamp> before, std::span<const ClockStamp> after) {
  const Nanoseconds zero = before.empty() ? 0 : before.front().device_first;
  Nanoseconds tick = 0;
  for (const auto& group : {before, after}) {
    for (const ClockStamp& s : group) {
      tick = std::gcd(tick, s.device_first - zero);
      tick = std::gcd(tick, s.device_last - zero);
    }
  }
  return std::max(tick, Nanoseconds{1});
}

}  // namespace

Result<OffsetInterval> offset_of(std::span<const ClockStamp> stamps, Nanoseconds tick) {
  if (stamps.empty()) return fail(ErrorCode::kInvalidInput, "clock alignment: no stamps");
  OffsetInterval offset{std::numeric_limits<Nanoseconds>::min(),
                        std::numeric_limits<Nanoseconds>::max()};
  for (const ClockStamp& s : stamps) {
    if (s.device_last < s.device_first || s.host_end < s.host_start) {
      return fail(ErrorCode::kInvalidInput, "clock alignment: a stamp ends before it starts");
    }
    offset.low = std::max(offset.low, s.host_start - s.device_first - (tick - 1));
    offset.high = std::min(offset.high, s.host_end - s.device_last);
  }
  if (offset.low > offset.high) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("clock alignment: no offset suits all {} stamps, by {} ns: a clock was "
                            "set, or drifts within the group",
                            stamps.size(), offset.low - offset.high));
  }
  return offset;
}

Result<ClockAlignment> align_clocks(std::span<const ClockStamp> before,
                                    std::span<const ClockStamp> after) {
  const Nanoseconds tick = tick_of(before, after);
  const Result<OffsetInterval> first = offset_of(before, tick);
  if (!first) return tl::unexpected(first.error());
  const Result<OffsetInterval> last = offset_of(after, tick);
  if (!last) return tl::unexpected(last.error());
  const ClockAlignment alignment{middle_of(before), *first, middle_of(after), *last};
  if (alignment.device_after <= alignment.device_before) {
    return fail(ErrorCode::kInvalidInput,
                "clock alignment: the second group is not after the first");
  }
  return alignment;
}

double ClockAlignment::drift_ppm() const {
  const auto span = static_cast<double>(device_after - device_before);
  return 1e6 * static_cast<double>(after.middle() - before.middle()) / span;
}

Nanoseconds ClockAlignment::to_host(Nanoseconds device) const {
  const auto passed = static_cast<double>(device - device_before);
  return device + before.middle() + std::llround(passed * drift_ppm() * 1e-6);
}

Nanoseconds ClockAlignment::uncertainty(Nanoseconds device) const {
  const Nanoseconds worse = std::max(before.uncertainty(), after.uncertainty());
  const Nanoseconds outside =
      std::max({device_before - device, device - device_after, Nanoseconds{0}});
  const auto slope = static_cast<double>(before.uncertainty() + after.uncertainty()) /
                     static_cast<double>(device_after - device_before);
  return worse + static_cast<Nanoseconds>(std::ceil(static_cast<double>(outside) * slope));
}

Nanoseconds residual(const ClockAlignment& alignment, Nanoseconds device_first,
                     Nanoseconds device_last, Nanoseconds host_start, Nanoseconds host_end) {
  return std::max({host_start - alignment.to_host(device_first),
                   alignment.to_host(device_last) - host_end, Nanoseconds{0}});
}

}  // namespace mk::capture
