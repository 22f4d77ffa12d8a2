#include "simulator/recording.h"

#include <fmt/format.h>

#include <algorithm>

namespace mk::simulator {

void Recording::add_roles(const Machine& machine, const Roles& roles) {
  for (std::uint32_t w = 0; w < roles.workers; ++w) {
    record_.lanes.push_back({LaneKind::kWorker, 0, w, w, fmt::format("worker {}", w)});
  }
  const auto per_sm = static_cast<std::uint32_t>(machine.schedulers_per_sm.value);
  for (std::uint32_t s = 0; s < roles.schedulers; ++s) {
    record_.lanes.push_back(
        {LaneKind::kScheduler, 0, s, roles.workers + s / per_sm, fmt::format("scheduler {}", s)});
  }
}

std::uint32_t Recording::add_lane(LaneKind kind, std::string name) {
  record_.lanes.push_back({kind, 0, 0, {}, std::move(name)});
  return static_cast<std::uint32_t>(record_.lanes.size() - 1);
}

std::uint32_t Recording::name_index(const std::string& name) {
  const auto found = std::find(record_.span_names.begin(), record_.span_names.end(), name);
  const auto index = static_cast<std::uint32_t>(found - record_.span_names.begin());
  if (index == record_.span_names.size()) record_.span_names.push_back(name);
  return index;
}

}  // namespace mk::simulator
