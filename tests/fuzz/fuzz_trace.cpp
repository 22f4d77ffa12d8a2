// A damaged trace file: reading ends in a Trace whose invariants hold, or in an error. What was
// read is used as analysis uses it.
#include "core/cause.h"
#include "tests/fuzz/fuzz_file.h"
#include "traces/flows.h"
#include "traces/sqlite_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mk::Result<mk::Trace> trace = mk::read_trace(mk::fuzz::file_of(data, size));
  if (!trace) return 0;
  mk::derive_intervals(mk::cause_input(*trace));
  mk::arrows_of(*trace);
  return 0;
}
