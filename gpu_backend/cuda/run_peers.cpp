// run_megakernel_on_peers: one persistent kernel a GPU, all in one process.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "core/check.h"
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/megakernel_launch.h"
#include "gpu_backend/cuda/peer_record.h"

namespace mk::cuda {
namespace {

// "device 1: what it said", for each that said something.
Status joined(std::vector<Status> of_device) {
  Status all{};
  for (std::size_t d = 0; d < of_device.size(); ++d) {
    if (of_device[d]) continue;
    const Error& error = of_device[d].error();
    const std::string said = fmt::format("device {}: {}", d, error.message);
    if (!all) {
      all = fail(all.error().code, all.error().message + "\n" + said);
      continue;
    }
    // What tells that a GPU is lost stays in front.
    const bool is_lost = error.message.starts_with(kDeviceLost);
    all = fail(error.code, is_lost ? fmt::format("{} ({})", error.message, said) : said);
  }
  return all;
}

class PeerRun {
 public:
  PeerRun(std::vector<DeviceModel>& models, const DeviceRunOptions& options,
          const std::vector<DecodeTables>& decode)
      : models_(models), options_(options), clocks_(models) {
    for (std::size_t d = 0; d < models.size(); ++d) {
      launches_.push_back(std::make_unique<MegakernelLaunch>(models[d], options, decode[d]));
    }
  }

  Result<DeviceRun> run() {
    Status ok = on_each([](MegakernelLaunch& l) { return l.prepare(); });
    if (ok) ok = on_each([this](MegakernelLaunch& l) { return l.connect(launches_); });
    if (ok) ok = on_each([](MegakernelLaunch& l) { return l.take_clock_before(); });
    if (ok) ok = clocks_.take_before();
    if (ok) ok = execute();
    if (ok) ok = clocks_.take_after();
    if (ok) ok = on_each([](MegakernelLaunch& l) { return l.take_clock_after(); });
    if (!ok) return tl::unexpected(ok.error());
    return collect();
  }

 private:
  Status on_each(const std::function<Status(MegakernelLaunch&)>& step) {
    for (const auto& launch : launches_) {
      if (Status ok = step(*launch); !ok) {
        return with_context(fmt::format("device {}", launch->model().number()), ok.error());
      }
    }
    return {};
  }

  // All are started before any is waited for; whatever happens to one, all are waited for. Then
  // what they left says who was stuck.
  Status execute() {
    std::vector<Status> of_device(launches_.size());
    Status started{};
    for (std::size_t d = 0; d < launches_.size() && started; ++d) started = launches_[d]->start();
    if (!started) {
      for (const auto& launch : launches_) launch->stop();
    }
    for (std::size_t d = 0; d < launches_.size(); ++d) {
      of_device[d] = launches_[d]->await();
      if (of_device[d]) continue;
      for (const auto& launch : launches_) launch->stop();
    }
    if (!started) return started;
    if (Status ok = joined(of_device); !ok) return ok;
    for (std::size_t d = 0; d < launches_.size(); ++d) {
      of_device[d] = launches_[d]->read_back();
      if (of_device[d]) of_device[d] = launches_[d]->outcome();
    }
    return joined(of_device);
  }

  DeviceRun collect() {
    DeviceRun run;
    std::vector<DecodeResult> decoded;
    for (const auto& launch : launches_) {
      run.kernel_ms = std::max(run.kernel_ms, launch->kernel_ms());
      decoded.push_back(launch->decoded());
    }
    run.decoded = join_devices(decoded);
    std::vector<DeviceRunRows> rows;
    for (std::size_t d = 0; d < launches_.size(); ++d) {
      rows.push_back(launches_[d]->take_rows(clocks_.of(d)));
    }
    fill_run(run, models_[0], options_, join_rows(std::move(rows)));
    clocks_.describe(run.record);
    return run;
  }

  std::vector<DeviceModel>& models_;
  const DeviceRunOptions& options_;
  std::vector<std::unique_ptr<MegakernelLaunch>> launches_{};
  PeerClocks clocks_;
};

}  // namespace

Result<DeviceRun> run_megakernel_on_peers(std::vector<DeviceModel>& models,
                                          const DeviceRunOptions& options,
                                          const DecodeOptions& decode) {
  const TaskGraph& graph = *models.front().graph();
  MK_CHECK(models.size() == graph.info().devices, "each device of the graph has a GPU");
  std::vector<DecodeTables> tables;
  for (const DeviceModel& model : models) {
    if (Status ok = check_run(model.device(), graph, options.run); !ok) {
      return tl::unexpected(ok.error());
    }
    Result<DecodeTables> made = DecodeTables::make(graph, decode, model.number());
    if (!made) return tl::unexpected(made.error());
    tables.push_back(std::move(*made));
  }
  if (Status ok = check_window(options, tables.front().iterations()); !ok) {
    return tl::unexpected(ok.error());
  }
  return PeerRun(models, options, tables).run();
}

}  // namespace mk::cuda
