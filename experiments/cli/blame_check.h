// Is the critical path's blame right? Where it says that a cause holds up an iteration for so and
// so long, a run in which that cause is a little cheaper must be shorter by its share of it. Such
// runs are made in the simulator, from a replay.
#pragma once

#include <string>
#include <vector>

#include "experiments/cli/replay.h"

namespace mk::cli {

// One kind of cost, by causes on the path and numbers of the machine.
struct BlameRow {
  std::string cost{};            // "memory", "body", "start-up", "hand-off", "boundary"
  double blamed_us = 0;          // of an iteration, on the critical path
  double expected_us = 0;        // what an iteration gains by blame when the cost falls by kCheaper
  double counterfactual_us = 0;  // what it gains in the simulator
  bool agrees = false;
};

inline constexpr double kCheaper = 0.1;

// Within 30 % of the larger, or 0.1 % of an iteration.
bool agree(double expected_us, double counterfactual_us, double iteration_us);

// The blame is that of the replay itself, whose trace knows what bounds each body.
Result<std::vector<BlameRow>> check_blame(const Replay& replay);

// What a disagreement means; empty iff the row agrees.
std::string remark(const BlameRow& row);

}  // namespace mk::cli
