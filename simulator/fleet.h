// Fleet: the devices of a run, each with the same roles. Workers, schedulers and dispatchers have
// numbers that run through all devices: those of device d stand behind those of device d - 1. The
// rules of core/policy.h are about one device; here is how they are asked for all of them. For one
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/policy.h"
#include "core/task_graph.h"

namespace mk::simulator {

class Fleet {
 public:
  Fleet(const TaskGraph& graph, const Roles& roles);

  std::uint32_t devices() const { return devices_; }
  std::uint32_t workers() const { return devices_ * roles_.workers; }
  std::uint32_t schedulers() const { return devices_ * roles_.schedulers; }
  std::uint32_t dispatchers() const { return devices_ * roles_.dispatchers(); }

  std::uint32_t device_of_worker(std::uint32_t worker) const {
    return devices_ == 1 ? 0 : worker / roles_.workers;
  }
  std::uint32_t device_of_dispatcher(std::uint32_t dispatcher) const {
    return devices_ == 1 ? 0 : dispatcher / roles_.dispatchers();
  }
  std::uint32_t device_of_event(std::uint32_t event) const {
    return devices_ == 1 ? 0 : graph_.events().device[event];
  }
  // The device whose dispatcher ends an iteration and begins the next.
  std::uint32_t home() const { return device_of_event(graph_.end_event().index); }

  // As those of core/policy.h.
  WorkerRange workers_of(std::uint32_t dispatcher) const { return own_[dispatcher]; }
  std::uint32_t scheduler_of(std::uint32_t event) const;
  TaskRange share_of(std::uint32_t dispatcher, std::uint32_t event) const;
  bool is_broadcast(std::uint32_t event) const;
  DispatcherState initial_state(std::uint32_t dispatcher) const;

  // What share_of() says of each scheduler, from the event's first task on: one row of a table that
  // is asked of the rule once for each length of a range and turn of the event. nullptr where there
  // is none: no broadcast, a long range, several devices.
  const TaskRange* shares_of(std::uint32_t event) const {
    if (event != last_event_) {
      last_event_ = event;
      last_shares_ = find_shares(event);
    }
    return last_shares_;
  }

 private:
  const TaskRange* find_shares(std::uint32_t event) const;
  TaskRange launched(std::uint32_t event, std::uint32_t device) const;

  const TaskGraph& graph_;
  Roles roles_;
  std::uint32_t devices_;
  std::vector<TaskRange> begins_{};  // a device: its tasks among those that `begin` launches
  std::vector<WorkerRange> own_{};   // a dispatcher: its workers
  // By length of the range: [turn x scheduler].
  static constexpr std::uint32_t kLongestShort = 64;
  mutable std::array<std::vector<TaskRange>, kLongestShort + 1> shares_{};
  // All schedulers ask for one event after the other.
  mutable std::uint32_t last_event_ = kNoIndex;
  mutable const TaskRange* last_shares_ = nullptr;
};

// The tables of all devices as one: lists by worker, steps by dispatcher, of the fleet.
PlacementTables place_fleet(const TaskGraph& graph, const Policy& policy, const Roles& roles);

}  // namespace mk::simulator
