// A trace for other programs' eyes: Perfetto's own format and Chrome's JSON (ui.perfetto.dev,
// chrome://tracing), and CSV.
//
// All are written to a temporary name and renamed when whole. What a format cannot hold is
// counted.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "traces/trace.h"

namespace mk {

struct ExportCounts {
  std::uint64_t slices = 0;
  std::uint64_t flows = 0;     // arrows: traces/flows.h
  std::uint64_t counters = 0;  // samples
  std::uint64_t left_out = 0;  // rows of activation, request, clock, health; CSV: also of
                               // counter, flow, detail
};

// A process a device, a thread a lane, a complete event ("X") a slice, a counter event a sample;
// instants in us with three decimals. Instants of a slice other than start and end go into `args`.
Result<ExportCounts> export_chrome(const Trace& trace, const std::string& path);

// A process a device, a track a lane, begin and end events a slice, an arrow (flow id) from
// producer to consumer, a counter track a counter. Instants of a slice other than start and end,
// and details, are annotations. Perfetto's times are unsigned: a trace with instants before its
// zero is moved.
Result<ExportCounts> export_perfetto(const Trace& trace, const std::string& path);

// A row a slice, in the file's order: the columns of table slice in FORMAT.md, with the lane's
// device, kind and number, and the task's name, operator and layer beside the ids. Empty: NULL.
Result<ExportCounts> export_csv(const Trace& trace, const std::string& path);

}  // namespace mk
