// A damaged raw run of a device.
#include "gpu_backend/host/raw_run.h"
#include "tests/fuzz/fuzz_file.h"
#include "traces/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mk::Result<mk::RunRecord> record = mk::read_raw_run(mk::fuzz::file_of(data, size));
  if (!record) return 0;
  const mk::Trace trace = mk::make_trace(*record);
  MK_CHECK(trace.makespan() >= 0, "a makespan is no negative time");
  return 0;
}
