// The parts of `analyze` that ask the simulator: what would have been, and whether the critical
// path's blame holds there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/cli/answer.h"
#include "experiments/cli/replay.h"

namespace mk::cli {

struct WhatIfQuestion {
  std::vector<std::string> changes{};  // KEY=VALUE, made together
  bool check_blame = false;
  bool replay = false;      // L0: exact_replay.h
  std::uint32_t seeds = 1;  // of the replay
  std::string machine{};    // name or file; empty: the trace's own
};

// Adds "replays", "what_if" and "blame_check" to the answer, as far as they were asked for.
Status add_what_if(const Trace& trace, const WhatIfQuestion& question, Answer& answer);

}  // namespace mk::cli
