#include "simulator/recording.h"

#include <fmt/format.h>

#include <algorithm>

namespace mk::simulator {

void Recording::add_roles(const Machine& machine, const Roles& roles, std::uint32_t devices) {
  const auto per_sm = static_cast<std::uint32_t>(machine.schedulers_per_sm.value);
  const auto name = [&](std::string_view role, std::uint32_t device, std::uint32_t number) {
    return devices == 1 ? fmt::format("{} {}", role, number)
                        : fmt::format("device {} {} {}", device, role, number);
  };
  for (std::uint32_t d = 0; d < devices; ++d) {
    for (std::uint32_t w = 0; w < roles.workers; ++w) {
      record_.lanes.push_back(
          {LaneKind::kWorker, static_cast<std::uint8_t>(d), w, w, name("worker", d, w)});
    }
  }
  for (std::uint32_t d = 0; d < devices; ++d) {
    for (std::uint32_t s = 0; s < roles.schedulers; ++s) {
      record_.lanes.push_back({LaneKind::kScheduler, static_cast<std::uint8_t>(d), s,
                               roles.workers + s / per_sm, name("scheduler", d, s)});
    }
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
