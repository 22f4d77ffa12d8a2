// The parts of run_on_threads that do not depend on the program: threads, buffers, the record.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/record.h"
#include "gpu_backend/host/recorder.h"
#include "gpu_backend/host/run_options.h"
#include "gpu_backend/host/ticks.h"

namespace mk {

// What the lanes of one run wrote down: device after device, of each workers first, then
// schedulers.
struct RunRows {
  std::vector<LaneBuffers> lanes{};
  std::vector<IterationTicks> iterations{};   // from the first device's start to the last one's end
  std::vector<std::uint32_t> core_of_lane{};  // empty: threads were not pinned
  TickScale clock{};

  void reserve(const TaskGraph& graph, const HostRunOptions& options);
};

// From each device's iterations to those of all. An iteration that not all devices ended is left
// out.
std::vector<IterationTicks> join_iterations(
    const std::vector<std::vector<IterationTicks>>& of_device);

// Runs `body(lane)` for each of rows.lanes in a thread of its own, pinned if the options say so and
// there are cores enough; all start together, and all have ended when this returns.
void run_threads(const HostRunOptions& options, RunRows& rows,
                 const std::function<void(std::uint32_t lane)>& body);

RunRecord make_run_record(std::shared_ptr<const TaskGraph> graph, const HostRunOptions& options,
                          RunRows& rows, std::vector<IterationState> states);

}  // namespace mk
