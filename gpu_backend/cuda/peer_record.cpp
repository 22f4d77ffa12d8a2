#include "gpu_backend/cuda/peer_record.h"

#include <fmt/format.h>

#include <utility>

namespace mk::cuda {
namespace {

constexpr std::uint32_t kClockRounds = 200;

}  // namespace

Status PeerClocks::take(std::vector<ClockOffset>& offsets) const {
  offsets.clear();
  for (std::size_t d = 1; d < models_.size(); ++d) {
    const auto rounds = exchange(models_[0].device(), models_[d].device(), 0, kClockRounds);
    if (!rounds) return tl::unexpected(rounds.error());
    offsets.push_back(offset_of(*rounds));
  }
  return {};
}

DeviceClock PeerClocks::of(std::size_t device) const {
  return device == 0 ? DeviceClock() : DeviceClock(before_[device - 1], after_[device - 1]);
}

void PeerClocks::describe(RunRecord& record) const {
  for (std::size_t d = 1; d < models_.size(); ++d) {
    const ClockOffset& before = before_[d - 1];
    const ClockOffset& after = after_[d - 1];
    record.clocks.push_back(of(d).record(static_cast<std::uint8_t>(d)));
    record.meta["gpu"] += ", " + models_[d].device().name;
    record.meta[fmt::format("clock_offset_{}", d)] =
        fmt::format("{}:{} {}:{}", before.offset_ns, before.half_width_ns, after.offset_ns,
                    after.half_width_ns);
  }
}

DeviceRunRows join_rows(std::vector<DeviceRunRows> of_device) {
  DeviceRunRows all;
  all.states = of_device.front().states;
  all.before = of_device.front().before;
  all.after = of_device.front().after;
  all.state_before = of_device.front().state_before;
  all.state_after = of_device.front().state_after;
  std::vector<std::vector<IterationTicks>> iterations;
  for (DeviceRunRows& one : of_device) {
    for (LaneBuffers& lane : one.rows.lanes) all.rows.lanes.push_back(std::move(lane));
    all.rows.core_of_lane.insert(all.rows.core_of_lane.end(), one.rows.core_of_lane.begin(),
                                 one.rows.core_of_lane.end());
    all.losses.insert(all.losses.end(), one.losses.begin(), one.losses.end());
    iterations.push_back(std::move(one.rows.iterations));
  }
  all.rows.iterations = join_iterations(iterations);
  return all;
}

}  // namespace mk::cuda
