// Runs a DeviceModel: the whole decode in one launch of the persistent kernel, or as one kernel an
// operator (baselines).
//
// A run that does not end is stopped: the device's waits have a deadline in which something must
// move, the host has one for the whole run and then asks the device to stop; where that does not
// help either, the error's message begins with kDeviceLost and the process must end (the driver
// then takes the device back): destructors would wait for the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/clock_readings.h"
#include "core/record.h"
#include "core/result.h"
#include "gpu_backend/cuda/device_model.h"
#include "gpu_backend/cuda/device_records.h"
#include "gpu_backend/host/decoder.h"
#include "gpu_backend/host/raw_run.h"
#include "gpu_backend/host/run_options.h"

namespace mk::cuda {

inline constexpr std::string_view kDeviceLost = "the GPU does not answer";

struct DeviceRunOptions {
  // Policy, roles, queue capacity, injections, deadline, record. Baselines: policy and record only.
  HostRunOptions run{};
  CaptureWindow window{};     // the iterations that the record holds, if there is one
  double limit_seconds = 60;  // of the whole run
  bool keeps_raw = false;     // DeviceRun::raw
  bool preloads = true;       // weights are requested before their task's event
  // Of baselines: all operators but linear ones are left out. For times; the tokens mean nothing.
  bool only_linears = false;
};

struct DeviceRun {
  RunRecord record{};  // its iterations are those of the window
  // What the record was made of, as the lanes wrote it down; only where it was asked for.
  std::shared_ptr<RawRun> raw{};
  DecodeResult decoded{};
  std::vector<ClockReadings> clock_readings{};
  double kernel_ms = 0;  // from the first launch to the end of the last kernel
  // Of all iterations, recorded or not:
  std::vector<IterationState> states{};
  std::vector<double> iteration_us{};
  double makespan_us = 0;  // from the first one's start to the last one's end
};

// Ok iff the graph can run on the device under these options: kUsage and kUnsupported, or kDevice
// with both numbers where there are too few SMs. Costs nothing: to be asked before weights are
// loaded.
Status check_run(const Device& device, const TaskGraph& graph, const HostRunOptions& options);

// What of the DecodeOptions the device knows: prompt, generate, end_of_sequence, capture_logits.
//
// InvalidInput: options that make no sense for the graph. kDevice: what the runtime says. kStuck,
// with who waits for what.
[[nodiscard]] Result<DeviceRun> run_megakernel(DeviceModel& model, const DeviceRunOptions& options,
                                               const DecodeOptions& decode);

// Baselines: PolicyKind kStream, kGraph or kPdl. The record has a worker lane an SM.
[[nodiscard]] Result<DeviceRun> run_operators(DeviceModel& model, const DeviceRunOptions& options,
                                              const DecodeOptions& decode);

// The graph's device d is models[d], linked, opened by open_peers(). One persistent kernel a
// device; the record has the lanes of all, on the clock of device 0, and says how well each clock
// is known. Errors of a device begin with "device D: ".
[[nodiscard]] Result<DeviceRun> run_megakernel_on_peers(std::vector<DeviceModel>& models,
                                                        const DeviceRunOptions& options,
                                                        const DecodeOptions& decode);

// The same as baselines, where run_operators() is one: kernels an operator on each device, and
// NCCL's all-reduce in place of puts and reduces. kUnsupported where there is no libnccl.so.2.
[[nodiscard]] Result<DeviceRun> run_operators_on_peers(std::vector<DeviceModel>& models,
                                                       const DeviceRunOptions& options,
                                                       const DecodeOptions& decode);

// One of the two, by the policy.
[[nodiscard]] Result<DeviceRun> run_on_peers(std::vector<DeviceModel>& models,
                                             const DeviceRunOptions& options,
                                             const DecodeOptions& decode);

// One of the two, by the policy.
[[nodiscard]] Result<DeviceRun> run_on_device(DeviceModel& model, const DeviceRunOptions& options,
                                              const DecodeOptions& decode);

// Bytes a second that reading memory as the linear body does reaches, the best of `repeats` over a
// buffer of that size.
Result<double> streaming_bandwidth(const Device& device, std::size_t bytes, int repeats);

}  // namespace mk::cuda
