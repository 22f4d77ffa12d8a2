// Claims that need no simulation: numbers of the compiler, and arithmetic with launch costs.
#pragma once

#include <string>

#include "core/result.h"
#include "experiments/sweep/catalogue.h"

namespace mk {

// A number of CompileStatistics by name ("tasks_per_operator"). InvalidInput: unknown, or the graph
// does not compile.
Result<double> statistic_of(const SweepPoint& point, const std::string& name,
                            const Catalogue& catalogue);

// Kernel launches of one iteration, one an operator, times what a tiny kernel costs: "eager" (host
// time), or "stream", "graph", "pdl" (the gap, and the kernel's own fill and drain, which the
// machine's sources measure together). InvalidInput as above.
Result<double> launch_ms(const SweepPoint& point, const std::string& launch,
                         const Catalogue& catalogue);

}  // namespace mk
