// Whether a graph can run on the device at all, asked before anything that takes long.
#include <fmt/format.h>

#include "gpu_backend/cuda/descriptors.h"
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/kernel_args.h"

namespace mk::cuda {
namespace {

// All blocks must be on the device at once, one an SM: they wait for each other.
Status check_room(const Device& device, const Roles& roles) {
  const std::uint32_t blocks = megakernel_blocks(roles);
  if (blocks <= device.sms) return {};
  return fail(ErrorCode::kDevice,
              fmt::format("{} workers and {} schedulers take {} SMs, {} has {}", roles.workers,
                          roles.schedulers, blocks, device.name, device.sms));
}

}  // namespace

Status check_run(const Device& device, const TaskGraph& graph, const HostRunOptions& options) {
  if (Status ok = check_supported(graph, block_needs(device)); !ok) return ok;
  if (facts(options.policy.kind).family == PolicyFamily::kPerKernel) return {};
  if (Status ok = check_options(graph, options); !ok) return ok;
  if (!options.injections.slow_workers.empty()) {
    return fail(ErrorCode::kUnsupported, "slow_worker: the CUDA backend cannot slow a worker down");
  }
  return check_room(device, options.roles);
}

Result<DeviceRun> run_on_device(DeviceModel& model, const DeviceRunOptions& options,
                                const DecodeOptions& decode) {
  const bool is_megakernel = facts(options.run.policy.kind).family == PolicyFamily::kMegakernel;
  return is_megakernel ? run_megakernel(model, options, decode)
                       : run_operators(model, options, decode);
}

Result<DeviceRun> run_on_peers(std::vector<DeviceModel>& models, const DeviceRunOptions& options,
                               const DecodeOptions& decode) {
  const bool is_megakernel = facts(options.run.policy.kind).family == PolicyFamily::kMegakernel;
  return is_megakernel ? run_megakernel_on_peers(models, options, decode)
                       : run_operators_on_peers(models, options, decode);
}

}  // namespace mk::cuda
