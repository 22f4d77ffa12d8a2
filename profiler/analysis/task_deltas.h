// The tasks that a predicted and a measured run disagree about most.
//
//   task          iteration  predicted us  measured us  delta us  cause            worker
//   L3.down[17]           4           3.1          9.8      -6.7  execute_memory   5, measured on 7
//
// A task's own time goes from the instant at which both its event and its worker let it begin to
// its arrival at its triggering event: other tasks' lateness is not in it, so the list names the
// tasks at fault and not all those behind them. What the own times differ by is split by cause; the
// cause of a task is the one with the largest difference. Where a run took no instant that a part
// needs (a record without `notified`, say), that part is 0 in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiler/analysis/trace_index.h"

namespace mk {

// A task in one of the two runs.
struct TaskTimes {
  double start_us = 0;     // from its iteration's begin
  double duration_us = 0;  // of its body
  double own_us = 0;
  std::uint32_t device = 0;
  std::uint32_t worker = 0;
};

struct TaskDelta {
  std::uint32_t iteration = 0;
  std::uint32_t task = 0;
  std::string name{};  // "L3.down[17]"
  TaskTimes predicted{};
  TaskTimes measured{};
  Cause cause = Cause::kUnknown;  // of the larger part of the difference
  double cause_delta_us = 0;      // how much of it: predicted - measured

  double delta_us() const { return predicted.own_us - measured.own_us; }
};

// At most `count` tasks of iterations [first, end) that both runs recorded, by |delta_us()| from
// the largest, ties in order of iteration and task; none whose own times are equal.
// Requires: both traces have these iterations, of the same graphs.
std::vector<TaskDelta> largest_task_deltas(const TraceIndex& predicted, const TraceIndex& measured,
                                           std::uint32_t first, std::uint32_t end,
                                           std::uint32_t count);

}  // namespace mk
