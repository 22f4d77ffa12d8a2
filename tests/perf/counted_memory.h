// What operator new has handed out in this program, for benchmarks that report peak memory.
#pragma once

#include <cstdint>

namespace mk::perf {

// Bytes that are in use now, and the most that were since the last reset_peak().
std::int64_t bytes_in_use();
std::int64_t peak_bytes();
void reset_peak();

}  // namespace mk::perf
