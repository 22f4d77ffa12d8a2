// The parts of `analyze` that flags ask for, each as JSON and as a table.
#pragma once

#include "experiments/cli/answer.h"
#include "profiler/analysis/trace_index.h"

namespace mk::cli {

void add_hops(const TraceIndex& index, Answer& answer);
void add_slack(const TraceIndex& index, Answer& answer);
void add_imbalance(const Trace& trace, Answer& answer);
void add_bandwidth(const Trace& trace, Answer& answer);
void add_iterations(const Trace& trace, Answer& answer);
void add_overlap(const Trace& trace, Answer& answer);

// One sentence each, where there is something to say: how the iterations went, how even the workers
// were, what communication was hidden.
std::string remarks(const Trace& trace);

}  // namespace mk::cli
