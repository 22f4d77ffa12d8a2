// What the device wrote down becomes a RunRecord, by the host backend's make_run_record().
#pragma once

#include <vector>

#include "core/record.h"
#include "gpu_backend/cuda/clock_pairs.h"
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/device_state.h"
#include "gpu_backend/host/run_threads.h"

namespace mk::cuda {

// What a run left, with the iterations of the whole run; task, enqueue and dispatch rows count
// iterations from the window's first.
struct DeviceRunRows {
  RunRows rows{};
  std::vector<IterationState> states{};
  std::vector<HealthRecord> losses{};
  ClockPair before{};
  ClockPair after{};
  DeviceState state_before{};
  DeviceState state_after{};
};

// InvalidInput iff the options ask for a window in which the run has no iteration.
Status check_window(const DeviceRunOptions& options, std::uint32_t iterations);

// The record of the window (without a recorder: of the whole run), and iteration_us of all.
void fill_run(DeviceRun& run, const DeviceModel& model, const DeviceRunOptions& options,
              DeviceRunRows&& left);

}  // namespace mk::cuda
