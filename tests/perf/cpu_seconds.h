// CPU time of this process: what a single thread's work takes on a core of its own, also where the
// core is shared while it is measured.
#pragma once

#include <ctime>

namespace mk::perf {

inline double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace mk::perf
