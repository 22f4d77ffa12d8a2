// The baselines: one kernel an operator, in program order, by stream launches, as a CUDA Graph, or
// as a graph with programmatic dependent launch.
#include <fmt/format.h>

#include <algorithm>

#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/operator_launch.h"
#include "gpu_backend/cuda/run_on_stream.h"

namespace mk::cuda {
namespace {

class OperatorRun {
 public:
  OperatorRun(DeviceModel& model, const DeviceRunOptions& options, const DecodeTables& decode)
      : model_(model),
        options_(options),
        kind_(options.run.policy.kind),
        decode_(decode),
        operators_(model, options, decode) {}

  Result<DeviceRun> run() {
    Result<RunStream> stream = RunStream::make();
    if (!stream) return tl::unexpected(stream.error());
    Status ok = operators_.prepare();
    if (ok && kind_ != PolicyKind::kStream) ok = capture(stream->get());
    if (!ok) return tl::unexpected(ok.error());
    DeviceRunRows around;
    const std::string& address = model_.device().pci_address;
    if (options_.run.record) around.state_before = read_device_state(address);
    Result<ClockPair> before = take_clock_pair(*stream);
    if (!before) return tl::unexpected(before.error());
    ok = execute(*stream);
    if (!ok) return tl::unexpected(ok.error());
    Result<ClockPair> after = take_clock_pair(*stream);
    if (!after) return tl::unexpected(after.error());
    if (options_.run.record) around.state_after = read_device_state(address);
    around.before = *before;
    around.after = *after;
    return collect(stream->elapsed_ms(), around);
  }

 private:
  Status execute(RunStream& stream) {
    Status ok = stream.mark_start();
    if (ok) ok = operators_.launch_advance(stream.get(), true);
    for (std::uint32_t i = 0; ok && i < decode_.iterations(); ++i) {
      ok = kind_ == PolicyKind::kStream ? launch_iteration(stream.get())
                                        : graph_.launch(stream.get());
    }
    if (ok) ok = stream.mark_end();
    if (ok) ok = stream.await(options_.limit_seconds, {});
    return ok;
  }

  Status launch_iteration(cudaStream_t stream) {
    for (std::uint32_t k = 0; k < operators_.size(); ++k) {
      if (Status ok = operators_.launch(k, stream); !ok) return ok;
    }
    return operators_.launch_advance(stream, false);
  }

  Status capture(cudaStream_t stream) {
    if (Status ok = StreamGraph::begin(stream); !ok) return ok;
    const Status launched = launch_iteration(stream);
    const Status ended = graph_.end(stream);
    return launched ? ended : launched;
  }

  // `around`: clocks and state before and after the run.
  Result<DeviceRun> collect(double ms, const DeviceRunRows& around) {
    if (Status ok = operators_.read_back(); !ok) return tl::unexpected(ok.error());
    DeviceRun run;
    run.kernel_ms = ms;
    run.decoded = operators_.decoded();
    DeviceRunRows rows = operators_.take_rows();
    rows.before = around.before;
    rows.after = around.after;
    rows.state_before = around.state_before;
    rows.state_after = around.state_after;
    DeviceRunOptions lanes = options_;
    lanes.run.roles = {model_.device().sms, 0};
    fill_run(run, model_, lanes, std::move(rows));
    return run;
  }

  DeviceModel& model_;
  const DeviceRunOptions& options_;
  PolicyKind kind_;
  const DecodeTables& decode_;
  OperatorLaunch operators_;
  StreamGraph graph_{};
};

}  // namespace

Result<DeviceRun> run_operators(DeviceModel& model, const DeviceRunOptions& options,
                                const DecodeOptions& decode) {
  const PolicyFacts& policy = facts(options.run.policy.kind);
  if (policy.family != PolicyFamily::kPerKernel) {
    return fail(ErrorCode::kUsage, fmt::format("{} is no kernel-per-operator policy", policy.name));
  }
  Result<DecodeTables> tables = DecodeTables::make(*model.graph(), decode);
  if (!tables) return tl::unexpected(tables.error());
  Status ok = check_window(options, tables->iterations());
  if (!ok) return tl::unexpected(ok.error());
  return OperatorRun(model, options, *tables).run();
}

Result<double> streaming_bandwidth(const Device& device, std::size_t bytes, int repeats) {
  Result<DeviceBuffer> buffer = DeviceBuffer::allocate(bytes, "the buffer to stream");
  if (!buffer) return tl::unexpected(buffer.error());
  Result<RunStream> stream = RunStream::make();
  if (!stream) return tl::unexpected(stream.error());
  const std::size_t shared_bytes = operator_shared_bytes(0);
  Status ok = checked(cudaMemset(buffer->data(), 1, bytes), "filling");
  if (ok) {
    ok = checked(cudaFuncSetAttribute(stream_symbol(), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                      static_cast<int>(shared_bytes)),
                 "the streaming kernel's shared memory");
  }
  double best = 0;
  for (int i = 0; ok && i < repeats; ++i) {
    const std::byte* from = buffer->data();
    std::uint64_t size = bytes;
    float* sum = reinterpret_cast<float*>(buffer->data());
    void* arguments[] = {&from, &size, &sum};
    ok = stream->mark_start();
    if (ok) {
      ok = checked(
          cudaLaunchKernel(stream_symbol(), {device.sms, 1, 1}, {DeviceShape::kThreads, 1, 1},
                           arguments, shared_bytes, stream->get()),
          "the streaming kernel");
    }
    if (ok) ok = stream->mark_end();
    if (ok) ok = stream->await(30, {});
    if (ok) best = std::max(best, static_cast<double>(bytes) / stream->elapsed_ms() * 1e3);
  }
  if (!ok) return tl::unexpected(ok.error());
  return best;
}

}  // namespace mk::cuda
