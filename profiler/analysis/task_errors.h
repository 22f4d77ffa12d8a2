// What the error of a task's start is made of, and how well bodies and barriers were predicted, by
// operator. Between two measured runs, the same is the floor: no prediction can be asked for less.
//
//   operator  tasks  start  in layer  inherited  queue  hand-off  duration   %  skew of p / m  last
//   of p / m qkv       12288   12.1       1.9       11.8    0.3      0.15      0.21  2.7    1.2
//   / 1.4      17 / 99
//
// From its iteration's begin a task starts at ready + queue + hand-off: its event's activation; how
// much later its worker was free (0 if it was free before); the rest. So the error of its start is
// inherited + queue + hand-off, signs and all, exactly. All columns are medians of |error|, in us.
// A barrier's skew is its last minus its median finisher.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "profiler/analysis/trace_index.h"

namespace mk {

struct TaskError {
  double start_us = 0;  // predicted - measured, from the iteration's begin
  double layer_start_us =
      0;  // the same from the first start of the task's layer (no layer: operator)
  double inherited_us = 0;  // start_us = inherited_us + queue_us + hand_off_us
  double queue_us = 0;
  double hand_off_us = 0;
  double duration_us = 0;
  double duration = 0;  // |error| / measured; 0 where that took no time
};

// A worker that was the last to finish an operator, and in which share of its iterations and
// layers.
struct Straggler {
  std::uint32_t device = 0;
  std::uint32_t worker = 0;
  double share = 0;
};

struct OperatorErrors {
  std::string name{};  // of all layers; the first row is "(all)"
  std::uint64_t tasks = 0;
  TaskError median{};  // of |error|
  TaskError p95{};
  // Of operators with several tasks, medians over layers and iterations; 0 in "(all)".
  double predicted_skew_us = 0;
  double measured_skew_us = 0;
  std::optional<Straggler> predicted_last{};
  std::optional<Straggler> measured_last{};
};

// Over the tasks of iterations [first, end) that both runs recorded, with the activation of their
// event. Empty iff there is none. Requires: both traces have these iterations, of the same graphs.
std::vector<OperatorErrors> task_errors(const TraceIndex& predicted, const TraceIndex& measured,
                                        std::uint32_t first, std::uint32_t end);

}  // namespace mk
