#include "experiments/cli/cuda_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ostream>
#include <utility>
#include <vector>

#include "core/annotate.h"
#include "gpu_backend/cuda/device_run.h"
#include "profiler/capture/self_capture.h"

namespace mk::cli {
namespace {

constexpr double kPeerDeadlineSeconds = 5;

Status check_memory(const std::vector<cuda::Device>& devices, const HostRun& what,
                    const ModelMemory& memory) {
  std::vector<std::size_t> needed(devices.size(), 0);
  for (std::uint32_t t = 0; t < what.graph->tensors().size(); ++t) {
    needed[what.graph->tensors()[t].device] += memory.bytes_of(TensorId(t)).size();
  }
  for (std::size_t d = 0; d < devices.size(); ++d) {
    if (needed[d] <= devices[d].free_bytes) continue;
    return fail(ErrorCode::kDevice,
                fmt::format("{} needs {:.2f} GB of memory on GPU {}, {:.2f} of {:.2f} GB are free",
                            what.graph->info().model, static_cast<double>(needed[d]) * 1e-9,
                            devices[d].number, static_cast<double>(devices[d].free_bytes) * 1e-9,
                            static_cast<double>(devices[d].memory_bytes) * 1e-9));
  }
  return {};
}

Result<std::vector<cuda::Device>> open_devices(std::uint32_t count) {
  if (count > 1) return cuda::open_peers(count);
  Result<cuda::Device> device = cuda::Device::open();
  if (!device) return tl::unexpected(device.error());
  return std::vector<cuda::Device>{std::move(*device)};
}

Status check_before_loading(const cuda::Device& device, const HostRun& what) {
  if (what.dtype != DType::kBf16) {
    return fail(ErrorCode::kUnsupported,
                "the CUDA backend has bf16 weights and KV cache: use --dtype bf16");
  }
  return cuda::check_run(device, *what.graph, what.run);
}

cuda::DeviceRunOptions device_options(const HostRun& what, const CudaChoices& choices) {
  cuda::DeviceRunOptions options;
  options.run = what.run;
  // A device that is alone with its wait says so before somebody's patience ends.
  if (what.graph->info().devices > 1) {
    options.run.deadline_seconds = std::min(options.run.deadline_seconds, kPeerDeadlineSeconds);
  }
  options.window = {choices.first_recorded, choices.end_recorded};
  options.preloads = choices.preloads;
  options.keeps_raw = choices.keeps_raw;
  return options;
}

// Each device's part of the model, on its GPU.
Result<std::vector<cuda::DeviceModel>> upload(const std::vector<cuda::Device>& devices,
                                              const ModelMemory& memory) {
  const Annotation phase("upload weights");
  std::vector<cuda::DeviceModel> models;
  for (std::size_t d = 0; d < devices.size(); ++d) {
    Result<cuda::DeviceModel> model =
        cuda::DeviceModel::upload(devices[d], memory, static_cast<std::uint8_t>(d));
    if (!model) return tl::unexpected(model.error());
    models.push_back(std::move(*model));
  }
  if (models.size() == 1) return models;
  for (cuda::DeviceModel& model : models) {
    if (Status linked = model.link(models); !linked) return tl::unexpected(linked.error());
  }
  return models;
}

// The run, with the first device's counters sampled while it lasts if that was asked for.
Result<cuda::DeviceRun> run_captured(std::vector<cuda::DeviceModel>& models, const HostRun& what,
                                     const CudaChoices& choices) {
  const Annotation phase("run");
  const bool samples = choices.capture && choices.sampling_us > 0;
  if (samples) {
    constexpr std::size_t kDevice = 0;
    choices.capture->sample_counters(
        kDevice, static_cast<std::uint64_t>(std::llround(choices.sampling_us * 1e3)));
  }
  const cuda::DeviceRunOptions options = device_options(what, choices);
  Result<cuda::DeviceRun> run = models.size() == 1
                                    ? cuda::run_on_device(models.front(), options, what.decode)
                                    : cuda::run_on_peers(models, options, what.decode);
  if (samples) choices.capture->end_sampling();
  return run;
}

Result<HostRunResult> run_in(const std::vector<cuda::Device>& devices, const HostRun& what,
                             ModelMemory& memory, const CudaChoices& choices, Console& console) {
  HostRunResult result;
  const Result<double> seconds = fill_weights(what, memory, console);
  if (!seconds) return tl::unexpected(seconds.error());
  result.load_seconds = *seconds;
  Result<std::vector<cuda::DeviceModel>> models = upload(devices, memory);
  if (!models) return tl::unexpected(models.error());
  Result<cuda::DeviceRun> run = run_captured(*models, what, choices);
  if (!run && run.error().message.starts_with(cuda::kDeviceLost)) {
    // The driver takes the GPU back from a process that ends; destructors would wait for it.
    console.err << "megascope: " << run.error().message << std::endl;
    std::_Exit(1);
  }
  if (!run) return tl::unexpected(run.error());
  result.decoded = std::move(run->decoded);
  result.record = std::move(run->record);
  result.raw = std::move(run->raw);
  result.memory = memory.bytes();
  result.streamed_bytes = streamed_bytes(what, run->states);
  result.iteration_us = std::move(run->iteration_us);
  result.makespan_us = run->makespan_us;
  if (choices.capture) result.captured = {choices.capture->stop(), std::move(run->clock_readings)};
  return result;
}

}  // namespace

std::shared_ptr<capture::SelfCapture> start_capture() { return capture::SelfCapture::start(); }

Result<std::uint32_t> cuda_sms() {
  const Result<cuda::Device> device = cuda::Device::open();
  if (!device) return tl::unexpected(device.error());
  return device->sms;
}

Result<HostRunResult> run_on_cuda(const HostRun& what, const CudaChoices& choices,
                                  Console& console) {
  const Result<std::vector<cuda::Device>> devices = open_devices(what.graph->info().devices);
  if (!devices) return tl::unexpected(devices.error());
  Status ok = check_before_loading(devices->front(), what);
  if (!ok) return tl::unexpected(ok.error());
  Result<ModelMemory> memory = ModelMemory::allocate(what.graph, {.dtype = what.dtype});
  if (!memory) return tl::unexpected(memory.error());
  ok = check_memory(*devices, what, *memory);
  if (!ok) return tl::unexpected(ok.error());
  return run_in(*devices, what, *memory, choices, console);
}

}  // namespace mk::cli
