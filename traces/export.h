// A trace for other programs' eyes: Chrome's JSON (chrome://tracing, ui.perfetto.dev) and CSV.
//
// Both are written to a temporary name and renamed when whole. What a format cannot hold is
// counted.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "traces/trace.h"

namespace mk {

struct ExportCounts {
  std::uint64_t slices = 0;
  std::uint64_t flows = 0;  // arrows from the last producer of an event to a task that it launched
  std::uint64_t counters = 0;  // samples
  std::uint64_t left_out = 0;  // rows of other tables that describe what happened
};

// A process a device, a thread a lane, a complete event ("X") a slice, a counter event a sample;
// instants in us with three decimals. Instants of a slice other than start and end go into `args`.
Result<ExportCounts> export_chrome(const Trace& trace, const std::string& path);

// A row a slice, in the file's order: the columns of table slice in FORMAT.md, with the lane's
// device, kind and number, and the task's name, operator and layer beside the ids. Empty: NULL.
Result<ExportCounts> export_csv(const Trace& trace, const std::string& path);

}  // namespace mk
