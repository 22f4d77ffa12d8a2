// What a crashed program left of its capture.
#include "profiler/capture/capture_file.h"
#include "profiler/capture/capture_trace.h"
#include "tests/fuzz/fuzz_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mk::capture;
  const mk::Result<CaptureLog> log = read_capture(mk::fuzz::file_of(data, size));
  if (!log) return 0;
  const mk::Trace trace = make_trace({&*log, 1});
  MK_CHECK(trace.makespan() >= 0, "a makespan is no negative time");
  return 0;
}
