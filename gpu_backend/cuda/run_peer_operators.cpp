// run_operators_on_peers: the baselines on several GPUs. Every device launches its operators in
// program order; where the graph has puts and a reduce, NCCL's all-reduce stands, and in place of
// the puts of partial maxima a send to, and a receive from, every peer.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/check.h"
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/nccl.h"
#include "gpu_backend/cuda/operator_launch.h"
#include "gpu_backend/cuda/peer_record.h"
#include "gpu_backend/cuda/run_on_stream.h"

namespace mk::cuda {
namespace {

// What all devices do together: launch k of each, or an operation of NCCL for the operators of that
// name and layer.
struct Step {
  bool is_kernel = true;
  std::uint32_t launch = 0;                  // of each device
  std::vector<const Operator*> operators{};  // else: reduces, a device; or puts, all of them
};

bool same_step(const Operator& a, const Operator& b) {
  return a.name == b.name && a.layer == b.layer && a.kind == b.kind;
}

// The program of device 0, which all devices share. Puts before a reduce are its part.
std::vector<Step> steps_of(const TaskGraph& graph) {
  std::vector<Step> steps;
  std::uint32_t launches = 0;
  std::vector<const Operator*> puts;
  for (const Operator& op : graph.operators()) {
    if (op.device != 0) continue;
    std::vector<const Operator*> alike;
    for (const Operator& other : graph.operators()) {
      if (same_step(op, other)) alike.push_back(&other);
    }
    if (op.kind == TaskKind::kPut) {
      puts = std::move(alike);
    } else if (op.kind == TaskKind::kReduce) {
      puts.clear();
      steps.push_back({false, 0, std::move(alike)});
    } else {
      if (op.kind == TaskKind::kArgmaxReduce) steps.push_back({false, 0, std::exchange(puts, {})});
      steps.push_back({true, launches++, {}});
    }
  }
  return steps;
}

class PeerOperatorRun {
 public:
  PeerOperatorRun(std::vector<DeviceModel>& models, const DeviceRunOptions& options,
                  const std::vector<DecodeTables>& decode, Nccl nccl)
      : models_(models),
        options_(options),
        decode_(decode),
        graph_(*models.front().graph()),
        nccl_(std::move(nccl)),
        steps_(steps_of(graph_)),
        clocks_(models) {
    for (std::size_t d = 0; d < models.size(); ++d) {
      devices_.push_back(std::make_unique<OperatorLaunch>(models[d], options, decode[d]));
    }
  }

  Result<DeviceRun> run() {
    Status ok = prepare();
    if (ok) ok = clocks_.take_before();
    if (ok) ok = execute();
    if (ok) ok = clocks_.take_after();
    if (!ok) return tl::unexpected(ok.error());
    return collect();
  }

 private:
  bool is_graph() const { return options_.run.policy.kind != PolicyKind::kStream; }

  Status prepare() {
    for (std::size_t d = 0; d < devices_.size(); ++d) {
      if (Status ok = devices_[d]->prepare(); !ok) return ok;
      Result<RunStream> stream = RunStream::make();
      if (!stream) return tl::unexpected(stream.error());
      streams_.push_back(std::move(*stream));
    }
    // NCCL connects the devices when it is first used: not under capture.
    for (const Step& step : steps_) {
      if (step.is_kernel) continue;
      if (Status ok = communicate(step); !ok) return ok;
    }
    if (Status ok = await_all(); !ok) return ok;
    for (std::size_t d = 0; d < devices_.size(); ++d) {
      if (Status ok = models_[d].poison(); !ok) return ok;
      if (Status ok = decode_[d].write_first_input(models_[d]); !ok) return ok;
    }
    return is_graph() ? capture() : Status{};
  }

  Status capture() {
    graphs_.resize(devices_.size());
    Status ok{};
    for (std::size_t d = 0; d < devices_.size() && ok; ++d) {
      ok = on(d);
      if (ok) ok = StreamGraph::begin(streams_[d].get());
    }
    if (ok) ok = launch_iteration();
    for (std::size_t d = 0; d < devices_.size(); ++d) {
      Status ended = on(d);
      if (ended) ended = graphs_[d].end(streams_[d].get());
      if (ok) ok = ended;
    }
    return ok;
  }

  Status execute() {
    Status ok{};
    for (std::size_t d = 0; d < devices_.size() && ok; ++d) {
      ok = on(d);
      if (ok) ok = streams_[d].mark_start();
      if (ok) ok = devices_[d]->launch_advance(streams_[d].get(), true);
    }
    for (std::uint32_t i = 0; ok && i < decode_.front().iterations(); ++i) {
      ok = is_graph() ? launch_graphs() : launch_iteration();
    }
    for (std::size_t d = 0; d < devices_.size() && ok; ++d) {
      ok = on(d);
      if (ok) ok = streams_[d].mark_end();
    }
    return ok ? await_all() : ok;
  }

  Status launch_graphs() {
    for (std::size_t d = 0; d < devices_.size(); ++d) {
      Status ok = on(d);
      if (ok) ok = graphs_[d].launch(streams_[d].get());
      if (!ok) return ok;
    }
    return {};
  }

  Status launch_iteration() {
    for (const Step& step : steps_) {
      const Status ok = step.is_kernel ? on_each([&](std::size_t d) {
        return devices_[d]->launch(step.launch, streams_[d].get());
      })
                                       : communicate(step);
      if (!ok) return ok;
    }
    return on_each(
        [&](std::size_t d) { return devices_[d]->launch_advance(streams_[d].get(), false); });
  }

  Status communicate(const Step& step) {
    Status ok = nccl_.begin_group();
    for (const Operator* op : step.operators) {
      if (ok) ok = op->kind == TaskKind::kReduce ? all_reduce(*op) : send(*op);
    }
    const Status ended = nccl_.end_group();
    return ok ? ended : ok;
  }

  Status all_reduce(const Operator& op) {
    const TensorId own = op.accesses[op.device].tensor;
    const TensorId sum = op.accesses.back().tensor;
    return nccl_.all_reduce(op.device, address(own), address(sum), elements(own),
                            streams_[op.device].get());
  }

  // A put: from its device to the one that has what it writes.
  Status send(const Operator& op) {
    const std::size_t sent = op.accesses.size() / 2;
    for (std::size_t k = 0; k < sent; ++k) {
      const TensorId from = op.accesses[k].tensor;
      const TensorId to = op.accesses[sent + k].tensor;
      const std::size_t peer = graph_.tensors()[to.index].device;
      const bool is_index = graph_.tensors()[from.index].dtype == DType::kI32;
      const NcclType type = is_index ? NcclType::kInt32 : NcclType::kFloat;
      Status ok = nccl_.send(op.device, address(from), elements(from), type, peer,
                             streams_[op.device].get());
      if (ok) {
        ok = nccl_.receive(peer, address(to), elements(to), type, op.device, streams_[peer].get());
      }
      if (!ok) return ok;
    }
    return {};
  }

  std::byte* address(TensorId tensor) const {
    return models_[graph_.tensors()[tensor.index].device].address(tensor);
  }
  std::size_t elements(TensorId tensor) const {
    return static_cast<std::size_t>(graph_.tensors()[tensor.index].shape.elements());
  }

  Status on(std::size_t device) const { return models_[device].device().make_current(); }
  template <class Step>
  Status on_each(Step&& step) {
    for (std::size_t d = 0; d < devices_.size(); ++d) {
      Status ok = on(d);
      if (ok) ok = step(d);
      if (!ok) return ok;
    }
    return {};
  }
  Status await_all() {
    return on_each([&](std::size_t d) { return streams_[d].await(options_.limit_seconds, {}); });
  }

  Result<DeviceRun> collect() {
    DeviceRun run;
    std::vector<DecodeResult> decoded;
    std::vector<DeviceRunRows> rows;
    for (std::size_t d = 0; d < devices_.size(); ++d) {
      if (Status ok = devices_[d]->read_back(); !ok) return tl::unexpected(ok.error());
      run.kernel_ms = std::max(run.kernel_ms, streams_[d].elapsed_ms());
      decoded.push_back(devices_[d]->decoded());
      rows.push_back(devices_[d]->take_rows(clocks_.of(d)));
    }
    run.decoded = join_devices(decoded);
    DeviceRunOptions lanes = options_;
    lanes.run.roles = {models_[0].device().sms, 0};
    fill_run(run, models_[0], lanes, join_rows(std::move(rows)));
    clocks_.describe(run.record);
    run.record.meta["nccl"] = nccl_.version();
    return run;
  }

  std::vector<DeviceModel>& models_;
  const DeviceRunOptions& options_;
  const std::vector<DecodeTables>& decode_;
  const TaskGraph& graph_;
  Nccl nccl_;
  std::vector<Step> steps_;
  std::vector<std::unique_ptr<OperatorLaunch>> devices_{};
  std::vector<RunStream> streams_{};
  std::vector<StreamGraph> graphs_{};
  PeerClocks clocks_;
};

}  // namespace

Result<DeviceRun> run_operators_on_peers(std::vector<DeviceModel>& models,
                                         const DeviceRunOptions& options,
                                         const DecodeOptions& decode) {
  const TaskGraph& graph = *models.front().graph();
  MK_CHECK(models.size() == graph.info().devices, "each device of the graph has a GPU");
  if (options.run.policy.kind == PolicyKind::kPdl) {
    return fail(ErrorCode::kUnsupported,
                "pdl on several GPUs: NCCL's kernels take no part in dependent launches; stream "
                "and graph run");
  }
  std::vector<DecodeTables> tables;
  std::vector<Device> devices;
  for (const DeviceModel& model : models) {
    Result<DecodeTables> made = DecodeTables::make(graph, decode, model.number());
    if (!made) return tl::unexpected(made.error());
    tables.push_back(std::move(*made));
    devices.push_back(model.device());
  }
  if (Status ok = check_window(options, tables.front().iterations()); !ok) {
    return tl::unexpected(ok.error());
  }
  Result<Nccl> nccl = Nccl::start(devices);
  if (!nccl) return tl::unexpected(nccl.error());
  return PeerOperatorRun(models, options, tables, std::move(*nccl)).run();
}

}  // namespace mk::cuda
