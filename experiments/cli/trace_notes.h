// What a trace itself says about how far it can be trusted.
#pragma once

#include "experiments/cli/answer.h"
#include "traces/trace.h"

namespace mk::cli {

// Adds the doubts of the trace's health as JSON key `health`, and to the text a line each.
void add_health(const Trace& trace, Answer& answer);

// The same of the clocks: JSON key `clocks`.
void add_clocks(const Trace& trace, Answer& answer);

}  // namespace mk::cli
