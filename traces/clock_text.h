// How well a trace's devices are on one axis, for people.
#pragma once

#include <string>

#include "traces/trace.h"

namespace mk {

// "device 0: clock known to 24 ns, drift 1.20 ppm", a line a device, "" where there is none.
std::string clock_text(const Trace& trace);

}  // namespace mk
