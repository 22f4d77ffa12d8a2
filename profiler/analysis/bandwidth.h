// Memory traffic over time: the bytes of each task's class, spread evenly over the time in which
// its body streamed; beside them what the device's own counters say, where they were sampled.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "traces/trace.h"

namespace mk {

struct BandwidthSample {
  Nanoseconds start = 0;
  Nanoseconds end = 0;
  double bytes = 0;  // weights and KV cache: what comes from memory
  // Mean of the counter of DRAM reads (traces/counter_tracks.h); none where it was not sampled.
  std::optional<double> counted_gigabytes_per_second{};

  double gigabytes_per_second() const {
    return end > start ? bytes / static_cast<double>(end - start) : 0;
  }
};

// `pieces` equal pieces of the makespan (fewer where it is shorter in nanoseconds). Empty iff the
// trace has no task with bytes.
std::vector<BandwidthSample> bandwidth_over_time(const Trace& trace, std::uint32_t pieces);

}  // namespace mk
