// A real run on the GPU, as run_on_host() is one on host threads.
//
// Compiled for a toolkit (cuda_run.cpp) or without one (cuda_run_absent.cpp): then both functions
// say that this program has no CUDA backend.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>

#include "core/result.h"
#include "experiments/cli/console.h"
#include "experiments/cli/host_run.h"

namespace mk::capture {
class SelfCapture;
}

namespace mk::cli {

// What only the CUDA backend can be asked for.
struct CudaChoices {
  // Iterations that the trace holds: [first_recorded, end_recorded).
  std::uint32_t first_recorded = 0;
  std::uint32_t end_recorded = std::numeric_limits<std::uint32_t>::max();
  bool preloads = true;
  bool keeps_raw = false;
  // CUPTI's records of this process go into the trace too; null: they do not.
  std::shared_ptr<capture::SelfCapture> capture{};
  double sampling_us = 0;  // with `capture`: between two samples of the device's counters; 0: none
};

// Starts CUPTI for this process: what it cannot record stands in the trace's health. Null iff this
// program has no CUDA backend. Requires: before cuda_sms().
std::shared_ptr<capture::SelfCapture> start_capture();

// SMs of the GPU. kDevice, in one line, iff there is none that this program can use.
Result<std::uint32_t> cuda_sms();

// Errors: those of ModelMemory, WeightProvider and the CUDA backend. What cannot run is refused
// before weights are made.
Result<HostRunResult> run_on_cuda(const HostRun& what, const CudaChoices& choices,
                                  Console& console);

}  // namespace mk::cli
