// Turns a buffer of CUPTI's activity records into Activities.
#pragma once

#include <cstddef>
#include <cstdint>

#include "profiler/capture/capture_log.h"
#include "profiler/capture/cupti_library.h"

namespace mk::capture {

// Walks the valid bytes of a buffer. Records of kinds that were not asked for are passed over; a
// record that CUPTI cannot walk over ends the buffer, with a Loss. Names are copied.
void parse_records(const CuptiLibrary& cupti, std::uint8_t* buffer, std::size_t valid,
                   CaptureSink& sink);

}  // namespace mk::capture
