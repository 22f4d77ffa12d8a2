// The baselines: one kernel an operator, in program order, by stream launches, as a CUDA Graph, or
// as a graph with programmatic dependent launch.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "gpu_backend/cuda/decode_tables.h"
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/run_on_stream.h"

namespace mk::cuda {
namespace {

// Descriptors sorted by operator: where those of one launch begin, and how many there are.
struct OperatorLaunch {
  std::uint32_t first = 0;
  std::uint32_t tasks = 0;
};

class OperatorRun {
 public:
  OperatorRun(DeviceModel& model, PolicyKind kind, const DecodeTables& decode)
      : model_(model), kind_(kind), decode_(decode), graph_(*model.graph()) {}
  ~OperatorRun() {
    if (executable_ != nullptr) static_cast<void>(cudaGraphExecDestroy(executable_));
    if (captured_ != nullptr) static_cast<void>(cudaGraphDestroy(captured_));
  }
  OperatorRun(const OperatorRun&) = delete;
  OperatorRun& operator=(const OperatorRun&) = delete;

  Result<DeviceRun> run(double limit_seconds) {
    Result<RunStream> stream = RunStream::make();
    if (!stream) return tl::unexpected(stream.error());
    Status ok = prepare();
    if (ok && kind_ != PolicyKind::kStream) ok = capture(stream->get());
    if (ok) ok = stream->mark_start();
    for (std::uint32_t i = 0; ok && i < decode_.iterations(); ++i) {
      ok = kind_ == PolicyKind::kStream
               ? launch_iteration(stream->get())
               : checked(cudaGraphLaunch(executable_, stream->get()), "a graph launch");
    }
    if (ok) ok = stream->mark_end();
    if (ok) ok = stream->await(limit_seconds, {});
    if (!ok) return tl::unexpected(ok.error());
    return collect(stream->elapsed_ms());
  }

 private:
  void group_tasks() {
    std::map<std::uint32_t, std::vector<std::uint32_t>> of_operator;
    for (std::uint32_t t = 0; t < graph_.task_count(); ++t) {
      if (graph_.tasks().kind[t] != TaskKind::kEmpty) {
        of_operator[graph_.tasks().op[t]].push_back(t);
      }
    }
    for (const auto& [op, tasks] : of_operator) {  // operators stand in program order
      launches_.push_back(
          {static_cast<std::uint32_t>(order_.size()), static_cast<std::uint32_t>(tasks.size())});
      order_.insert(order_.end(), tasks.begin(), tasks.end());
    }
  }

  void place(DeviceImage& image) {
    state_ = decode_.place(image, model_);
    iteration_ = image.zeros<std::uint32_t>(1);
    descriptors_ = image.zeros<TaskDescriptor>(order_.size());
  }

  Status prepare() {
    group_tasks();
    DeviceImage size(nullptr);
    place(size);
    Result<DeviceBuffer> buffer = DeviceBuffer::allocate(size.bytes().size(), "the run's tables");
    if (!buffer) return tl::unexpected(buffer.error());
    buffer_ = std::move(*buffer);
    DeviceImage image(buffer_.data());
    place(image);
    if (Status ok = buffer_.write(0, image.bytes()); !ok) return ok;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (Status ok =
              checked(cudaMemcpyAsync(descriptors_ + i, model_.descriptors() + order_[i],
                                      sizeof(TaskDescriptor), cudaMemcpyDeviceToDevice, nullptr),
                      "copying descriptors");
          !ok) {
        return ok;
      }
    }
    if (Status ok = checked(cudaDeviceSynchronize(), "copying descriptors"); !ok) return ok;
    shared_bytes_ = operator_shared_bytes(model_.work_bytes());
    if (Status ok = checked(
            cudaFuncSetAttribute(operator_symbol(), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(shared_bytes_)),
            "the operator kernel's shared memory");
        !ok) {
      return ok;
    }
    return decode_.write_first_input(model_);
  }

  Status launch(cudaStream_t stream, const void* kernel, std::uint32_t blocks,
                std::uint32_t threads, std::size_t shared_bytes, void* arguments) {
    cudaLaunchAttribute overlap{};
    overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    overlap.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config{};
    config.gridDim = {blocks, 1, 1};
    config.blockDim = {threads, 1, 1};
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream;
    config.attrs = &overlap;
    config.numAttrs = kind_ == PolicyKind::kPdl ? 1 : 0;
    void* all[] = {arguments};
    return checked(cudaLaunchKernelExC(&config, kernel, all), "a launch");
  }

  Status launch_iteration(cudaStream_t stream) {
    const std::uint32_t overlaps = kind_ == PolicyKind::kPdl ? 1 : 0;
    for (const OperatorLaunch& op : launches_) {
      OperatorArgs args{descriptors_ + op.first, state_.steps, iteration_, model_.work_bytes(),
                        overlaps};
      if (Status ok = launch(stream, operator_symbol(), op.tasks, DeviceShape::kThreads,
                             shared_bytes_, &args);
          !ok) {
        return ok;
      }
    }
    AdvanceArgs args{state_, iteration_, overlaps};
    return launch(stream, advance_symbol(), 1, 1, 0, &args);
  }

  Status capture(cudaStream_t stream) {
    if (Status ok = checked(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
                            "capturing a graph");
        !ok) {
      return ok;
    }
    const Status launched = launch_iteration(stream);
    const Status ended = checked(cudaStreamEndCapture(stream, &captured_), "capturing a graph");
    if (!launched) return launched;
    if (!ended) return ended;
    if (Status ok = checked(cudaGraphInstantiate(&executable_, captured_, 0), "making a graph");
        !ok) {
      return ok;
    }
    return checked(cudaGraphUpload(executable_, stream), "uploading a graph");
  }

  Result<DeviceRun> collect(double ms) {
    std::vector<std::byte> left(buffer_.bytes());
    if (Status ok = buffer_.read(0, left); !ok) return tl::unexpected(ok.error());
    DecodeTables::Outcome outcome = decode_.read(state_, buffer_.data(), left);
    DeviceRun run;
    run.kernel_ms = ms;
    run.generated = std::move(outcome.generated);
    run.ended_by_itself = outcome.ended_by_itself;
    run.requests_agree = outcome.requests_agree;
    run.record.meta["source"] = "cuda";
    run.record.meta["policy"] = facts(kind_).name;
    run.record.meta["gpu"] = model_.device().name;
    return run;
  }

  DeviceModel& model_;
  PolicyKind kind_;
  const DecodeTables& decode_;
  const TaskGraph& graph_;
  std::vector<OperatorLaunch> launches_{};
  std::vector<std::uint32_t> order_{};  // tasks, by operator
  DeviceBuffer buffer_{};
  DecodeState state_{};
  std::uint32_t* iteration_ = nullptr;
  TaskDescriptor* descriptors_ = nullptr;
  std::size_t shared_bytes_ = 0;
  cudaGraph_t captured_ = nullptr;
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace

Result<DeviceRun> run_operators(DeviceModel& model, PolicyKind kind, const DecodeOptions& decode,
                                double limit_seconds) {
  if (facts(kind).family != PolicyFamily::kPerKernel) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} is no kernel-per-operator policy", facts(kind).name));
  }
  Result<DecodeTables> tables = DecodeTables::make(*model.graph(), decode);
  if (!tables) return tl::unexpected(tables.error());
  return OperatorRun(model, kind, *tables).run(limit_seconds);
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
