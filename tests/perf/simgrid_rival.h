// The rival of the simulator's benchmark: the same tasks, events and shared bandwidth under
// SimGrid.
#pragma once

#include <cstdint>
#include <optional>

#include "core/task_graph.h"

namespace mk::perf {

struct RivalResult {
  double tasks_per_second = 0;
  double makespan_us = 0;
};

// Runs the first `tasks` tasks of a layered graph, each at most `limit` GB/s and together at most
// `bandwidth`, on `workers` actors with static lists. A task streams `bytes`. Nothing iff SimGrid
// was not there when this was built. Once a process.
std::optional<RivalResult> run_simgrid(const TaskGraph& graph, std::uint32_t tasks,
                                       std::uint32_t workers, std::int64_t bytes, double limit,
                                       double bandwidth);

}  // namespace mk::perf
