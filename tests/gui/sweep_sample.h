// A small sweep file, as `megascope sweep` writes it.
#pragma once

#include <cstdint>
#include <string>

#include "core/sweep_point.h"

namespace mk::testing {

// Splits 96+0, 128+0 and 128+16, the last under two policies; one point was refused.
void write_sweep_sample(const std::string& path);

// One short step of a small model under `static`: simulated in no time.
SweepPoint small_point(std::uint64_t workers);

}  // namespace mk::testing
