// A small sweep file, as `megascope sweep` writes it.
#pragma once

#include <string>

namespace mk::testing {

// Splits 96+0, 128+0 and 128+16, the last under two policies; one point was refused.
void write_sweep_sample(const std::string& path);

}  // namespace mk::testing
