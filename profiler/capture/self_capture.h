// SelfCapture: CUPTI's records of this very process, for a run that records itself.
//
// Nothing here makes the run fail: what cannot be recorded (no CUPTI, another profiler, no
// permission for counters) is a Loss in the log, in one line. Free of CUPTI's types.
#pragma once

#include <cstdint>
#include <memory>

#include "profiler/capture/capture_log.h"

namespace mk::capture {

class SelfCapture {
 public:
  // Takes NVTX's ranges too, where nobody has called NVTX yet. Requires: before the process's first
  // CUDA call, and no other SelfCapture.
  static std::unique_ptr<SelfCapture> start();
  ~SelfCapture();

  // Adds PM sampling of a device (pm_sampling.h). Requires: it has a CUDA context.
  void sample_counters(std::size_t device, std::uint64_t interval_ns);
  // Ends that, where it was begun.
  void end_sampling();

  // Ends it. Requires: the CUDA work that is to be seen has been waited for. Empty the second time.
  CaptureLog stop();

 private:
  struct State;
  explicit SelfCapture(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mk::capture
