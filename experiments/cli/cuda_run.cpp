#include "experiments/cli/cuda_run.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <ostream>
#include <utility>

#include "core/annotate.h"
#include "gpu_backend/cuda/device_run.h"
#include "profiler/capture/self_capture.h"

namespace mk::cli {
namespace {

Status check_memory(const cuda::Device& device, const HostRun& what, const ModelMemory& memory) {
  const auto needed = static_cast<std::size_t>(memory.bytes().value);
  if (needed <= device.free_bytes) return {};
  return fail(ErrorCode::kDevice,
              fmt::format("{} needs {:.2f} GB of GPU memory, {:.2f} of {:.2f} GB are free",
                          what.graph->info().model, static_cast<double>(needed) * 1e-9,
                          static_cast<double>(device.free_bytes) * 1e-9,
                          static_cast<double>(device.memory_bytes) * 1e-9));
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
  options.window = {choices.first_recorded, choices.end_recorded};
  options.preloads = choices.preloads;
  options.keeps_raw = choices.keeps_raw;
  return options;
}

Result<cuda::DeviceModel> upload(const cuda::Device& device, const ModelMemory& memory) {
  const Annotation phase("upload weights");
  return cuda::DeviceModel::upload(device, memory);
}

// The run, with the device's counters sampled while it lasts if that was asked for.
Result<cuda::DeviceRun> run_captured(cuda::DeviceModel& model, const HostRun& what,
                                     const CudaChoices& choices) {
  const Annotation phase("run");
  const bool samples = choices.capture && choices.sampling_us > 0;
  if (samples) {
    constexpr std::size_t kDevice = 0;
    choices.capture->sample_counters(
        kDevice, static_cast<std::uint64_t>(std::llround(choices.sampling_us * 1e3)));
  }
  Result<cuda::DeviceRun> run =
      cuda::run_on_device(model, device_options(what, choices), what.decode);
  if (samples) choices.capture->end_sampling();
  return run;
}

Result<HostRunResult> run_in(const cuda::Device& device, const HostRun& what, ModelMemory& memory,
                             const CudaChoices& choices, Console& console) {
  HostRunResult result;
  const Result<double> seconds = fill_weights(what, memory, console);
  if (!seconds) return tl::unexpected(seconds.error());
  result.load_seconds = *seconds;
  Result<cuda::DeviceModel> model = upload(device, memory);
  if (!model) return tl::unexpected(model.error());
  Result<cuda::DeviceRun> run = run_captured(*model, what, choices);
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
  const Result<cuda::Device> device = cuda::Device::open();
  if (!device) return tl::unexpected(device.error());
  Status ok = check_before_loading(*device, what);
  if (!ok) return tl::unexpected(ok.error());
  Result<ModelMemory> memory = ModelMemory::allocate(what.graph, {.dtype = what.dtype});
  if (!memory) return tl::unexpected(memory.error());
  ok = check_memory(*device, what, *memory);
  if (!ok) return tl::unexpected(ok.error());
  return run_in(*device, what, *memory, choices, console);
}

}  // namespace mk::cli
