// Traces for the viewer's benchmarks: as a hybrid run records them, all instants but pages.
#pragma once

#include <cstddef>
#include <cstdint>

#include "traces/trace.h"

namespace mk {

inline constexpr std::uint32_t kViewerLanes = 136;

// About `slices` tasks of one graph of ten operators; lanes busy nine tenths of their time, lengths
// spread by half. Another seed, other lengths.
Trace viewer_trace(std::size_t slices, std::uint32_t seed);

}  // namespace mk
