// The JSON header of a raw run (raw_run.h): everything but graph and rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu_backend/host/raw_run.h"

namespace mk {

// What the header says of one lane.
struct RawLane {
  std::uint32_t core = 0;
  std::uint64_t tasks = 0;  // rows
  std::uint64_t enqueues = 0;
  std::uint64_t dispatches = 0;
  std::uint64_t dropped = 0;  // of any kind
};

std::string raw_header_text(const RawRun& run);

// Fills all of `run` but graph and the lanes' rows. kInvalidInput naming the key that is missing or
// wrong.
Status read_raw_header(std::string_view text, RawRun& run, std::vector<RawLane>& lanes);

}  // namespace mk
