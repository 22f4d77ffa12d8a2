// Recording: the engines' instants as a RunRecord. Each instant is rounded to nanoseconds by
// itself.
#pragma once

#include <memory>

#include "core/machine.h"
#include "core/record.h"
#include "simulator/costs.h"

namespace mk::simulator {

constexpr Nanoseconds to_nanoseconds(Picoseconds instant) { return (instant + 500) / 1000; }

class Recording {
 public:
  // Lanes: the workers of all devices, then their schedulers, four (machine.schedulers_per_sm) an
  // SM behind the workers'.
  void add_roles(const Machine& machine, const Roles& roles, std::uint32_t devices);

  // A lane of kernels or of API calls; returns its index.
  std::uint32_t add_lane(LaneKind kind, std::string name);
  std::uint32_t name_index(const std::string& name);

  RunRecord& record() { return record_; }

  static constexpr Picoseconds kNoPreload = std::numeric_limits<Picoseconds>::max();

  // Each instant in ps.
  struct Task {
    std::uint32_t task, iteration, lane;
    Picoseconds fetched, ready;
    Picoseconds preload;  // or kNoPreload
    Picoseconds start, first_data, end, notified;
    Bound bound;
  };
  void add(const Task& task, Nanoseconds enqueued) {
    TaskRecord r;
    r.task = task.task;
    r.iteration = task.iteration;
    r.lane = task.lane;
    r.enqueued = enqueued;
    r.fetched = to_nanoseconds(task.fetched);
    r.ready = to_nanoseconds(task.ready);
    if (task.preload != kNoPreload) {
      r.preload = to_nanoseconds(task.preload);
    }
    r.start = to_nanoseconds(task.start);
    r.first_data = to_nanoseconds(task.first_data);
    r.end = to_nanoseconds(task.end);
    r.notified = to_nanoseconds(task.notified);
    r.bound = task.bound;
    record_.tasks.push_back(r);
  }

 private:
  RunRecord record_{};
};

}  // namespace mk::simulator
