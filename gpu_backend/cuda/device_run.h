// Runs a DeviceModel: the whole decode in one launch of the persistent kernel, or as one kernel an
// operator (baselines).
//
// A run that does not end is stopped: the device's waits have a deadline in which something must
// move, the host has one for the whole run and then asks the device to stop; where that does not
// help either, the error's message begins with kDeviceLost and the process must end (the driver
// then takes the device back): destructors would wait for the kernel.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/record.h"
#include "core/result.h"
#include "gpu_backend/cuda/device_model.h"
#include "gpu_backend/host/decoder.h"
#include "gpu_backend/host/run_options.h"

namespace mk::cuda {

inline constexpr std::string_view kDeviceLost = "the GPU does not answer";

struct DeviceRunOptions {
  HostRunOptions run{};       // policy, roles, queue capacity, injections, deadline, record
  double limit_seconds = 60;  // of the whole run
  bool preloads = true;       // weights are requested while a task waits for its event
};

struct DeviceRun {
  RunRecord record{};
  std::vector<std::uint32_t> generated{};  // of the first request
  bool ended_by_itself = false;
  bool requests_agree = true;
  double kernel_ms = 0;                // from the first launch to the end of the last kernel
  std::vector<double> iteration_us{};  // empty for baselines
};

// What of the DecodeOptions the device knows: prompt, generate, end_of_sequence.
//
// InvalidInput: options that make no sense for the graph. kDevice: blocks that do not fit on the
// device at once (the message has both numbers), or what the runtime says. kStuck, with who waits
// for what.
[[nodiscard]] Result<DeviceRun> run_megakernel(DeviceModel& model, const DeviceRunOptions& options,
                                               const DecodeOptions& decode);

// Baselines: PolicyKind kStream, kGraph or kPdl.
[[nodiscard]] Result<DeviceRun> run_operators(DeviceModel& model, PolicyKind kind,
                                              const DecodeOptions& decode,
                                              double limit_seconds = 60);

// Bytes a second that reading memory as the linear body does reaches, the best of `repeats` over a
// buffer of that size.
Result<double> streaming_bandwidth(const Device& device, std::size_t bytes, int repeats);

}  // namespace mk::cuda
