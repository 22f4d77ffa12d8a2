// run_megakernel: one device's launch, from its tables to a DeviceRun.
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/megakernel_launch.h"

namespace mk::cuda {
namespace {

Status execute(MegakernelLaunch& launch) {
  Status ok = launch.prepare();
  if (ok) ok = launch.take_clock_before();
  if (ok) ok = launch.start();
  if (ok) ok = launch.await();
  if (ok) ok = launch.take_clock_after();
  if (ok) ok = launch.read_back();
  return ok ? launch.outcome() : ok;
}

}  // namespace

Result<DeviceRun> run_megakernel(DeviceModel& model, const DeviceRunOptions& options,
                                 const DecodeOptions& decode) {
  Status ok = check_run(model.device(), *model.graph(), options.run);
  if (!ok) return tl::unexpected(ok.error());
  Result<DecodeTables> tables = DecodeTables::make(*model.graph(), decode);
  if (!tables) return tl::unexpected(tables.error());
  ok = check_window(options, tables->iterations());
  if (!ok) return tl::unexpected(ok.error());
  MegakernelLaunch launch(model, options, *tables);
  ok = execute(launch);
  if (!ok) return tl::unexpected(ok.error());
  DeviceRun run;
  run.kernel_ms = launch.kernel_ms();
  run.decoded = launch.decoded();
  fill_run(run, model, options, launch.take_rows());
  return run;
}

}  // namespace mk::cuda
