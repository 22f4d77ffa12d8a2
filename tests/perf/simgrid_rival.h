// The rival of the simulator's benchmark: the same tasks, events and shared bandwidth under
// SimGrid.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "core/task_graph.h"

namespace mk::perf {

struct RivalResult {
  double tasks_per_second = 0;
  double makespan_us = 0;
};

struct RivalWork {
  std::uint32_t tasks = 0;                       // the first ones of a layered graph
  std::uint32_t workers = 1;                     // actors, with static lists
  std::function<double(std::uint32_t)> bytes{};  // of a task
  std::function<double(std::uint32_t)> limit{};  // of its stream, GB/s
  double bandwidth = 0;                          // of all together, GB/s
};

// Nothing iff SimGrid was not there when this was built. Once a process.
std::optional<RivalResult> run_simgrid(const TaskGraph& graph, const RivalWork& work);

}  // namespace mk::perf
