// Traces of other tools: Nsight Systems' SQLite export, Chrome's and Perfetto's JSON.
//
// Memory is bounded by the columns that come over, not by the file: both are read as a stream. What
// is foreign or damaged is passed over and counted in `health` (and in left_out), never guessed.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "traces/trace.h"

namespace mk {

struct ImportCounts {
  std::uint64_t slices = 0;
  std::uint64_t flows = 0;
  std::uint64_t counters = 0;  // samples
  std::uint64_t left_out = 0;  // rows or events that tell of something, but did not come over
};

struct Imported {
  Trace trace{};
  ImportCounts counts{};
};

// `nsys export --type sqlite`. Its schema differs between versions: tables and columns are looked
// for by name, and what is not there is taken as not recorded. Kernels, copies, memsets, graphs,
// runtime calls, waits, NVTX ranges and marks, GPU metrics; calls and what they launched are joined
// by process and correlation id. Times count from the session's start.
// InvalidInput iff it is no such export.
Result<Imported> import_nsight(const std::string& path);

// An object with "traceEvents", or an array of events that may lack its end, as the format allows.
// Phases X, B/E, b/e/n, i, I, R, C, M, s/t/f; a thread is a row, asynchronous events have a row a
// process and category. Fractions of a nanosecond are cut off. Arguments become details.
// InvalidInput iff it is no JSON, or has no events.
Result<Imported> import_chrome(const std::string& path);

// Whichever of these the file's beginning looks like.
Result<Imported> import_trace(const std::string& path);

}  // namespace mk
