#include "gpu_backend/cuda/peer_clock.h"

#include <algorithm>
#include <cmath>

namespace mk::cuda {

ClockOffset offset_of(const std::vector<ExchangeRound>& rounds) {
  const auto length = [](const ExchangeRound& r) { return r.heard - r.asked; };
  const ExchangeRound& best = *std::min_element(
      rounds.begin(), rounds.end(),
      [&](const ExchangeRound& a, const ExchangeRound& b) { return length(a) < length(b); });
  const auto half = static_cast<std::int64_t>((length(best) + 1) / 2);
  const std::int64_t middle = static_cast<std::int64_t>(best.asked) + half;
  return {static_cast<std::int64_t>(best.answered),
          static_cast<std::int64_t>(best.answered) - middle, half};
}

DeviceClock::DeviceClock(const ClockOffset& before, const ClockOffset& after)
    : before_(before), uncertainty_ns_(std::max(before.half_width_ns, after.half_width_ns)) {
  const std::int64_t between = after.at_ns - before.at_ns;
  if (between > 0) {
    drift_ = static_cast<double>(after.offset_ns - before.offset_ns) / static_cast<double>(between);
  }
}

std::uint64_t DeviceClock::on_axis(std::uint64_t ns) const {
  const std::int64_t since = static_cast<std::int64_t>(ns) - before_.at_ns;
  const std::int64_t moved = std::llround(drift_ * static_cast<double>(since));
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(ns) - before_.offset_ns - moved);
}

ClockRecord DeviceClock::record(std::uint8_t device) const {
  return {device, uncertainty_ns_, drift_ * 1e6};
}

}  // namespace mk::cuda
