// By hand, what synthetic_records.h says: one launch as a CaptureLog.
#pragma once

#include "profiler/capture/capture_log.h"

namespace mk::testing {

inline capture::CaptureLog one_launch(std::uint32_t process = 70) {
  using namespace capture;
  CaptureLog log;
  log.process = process;
  log.program = "decoder";
  log.add(Marker{1000, 3, MarkerPhase::kStart, log.intern("decode"), log.intern("model"), process,
                 77, 0});
  log.add(MarkerData{3, log.intern("42"), 0, 0, 0});
  log.add(ExternalId{5, 10, 0});
  log.add(ApiCall{2000, 2500, log.intern("cudaLaunchKernel"), 0, process, 77, 10, 0});
  Kernel kernel;
  kernel.start = 3000;
  kernel.end = 8000;
  kernel.name = log.intern("_Z4megai");
  kernel.context = 1;
  kernel.stream = 7;
  kernel.correlation = 10;
  kernel.grid = {132, 1, 1};
  kernel.block = {384, 1, 1};
  kernel.is_cooperative = 1;
  log.add(kernel);
  log.add(Transfer{8100, 8200, 4096, log.intern("copy device to host"), 0, 1, 7, 11, 0});
  log.add(Transfer{0, 0, 64, log.intern("memset"), 0, 1, 7, 12, 0});
  log.add(Synchronisation{2600, 8050, log.intern("wait for stream"), 1, 7, 0});
  log.add(Marker{9000, 3, MarkerPhase::kEnd, kNoText, kNoText, process, 77, 0});
  log.add(Marker{9100, 4, MarkerPhase::kEnd, kNoText, kNoText, process, 77, 0});
  return log;
}

}  // namespace mk::testing
