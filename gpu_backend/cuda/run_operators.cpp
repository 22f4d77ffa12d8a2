// The baselines: one kernel an operator, in program order, by stream launches, as a CUDA Graph, or
// as a graph with programmatic dependent launch.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "gpu_backend/cuda/decode_tables.h"
#include "gpu_backend/cuda/device_record.h"
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
  OperatorRun(DeviceModel& model, const DeviceRunOptions& options, const DecodeTables& decode)
      : model_(model),
        options_(options),
        kind_(options.run.policy.kind),
        decode_(decode),
        graph_(*model.graph()) {}
  ~OperatorRun() {
    if (executable_ != nullptr) static_cast<void>(cudaGraphExecDestroy(executable_));
    if (captured_ != nullptr) static_cast<void>(cudaGraphDestroy(captured_));
  }
  OperatorRun(const OperatorRun&) = delete;
  OperatorRun& operator=(const OperatorRun&) = delete;

  Result<DeviceRun> run() {
    Result<RunStream> stream = RunStream::make();
    if (!stream) return tl::unexpected(stream.error());
    Status ok = prepare();
    if (ok && kind_ != PolicyKind::kStream) ok = capture(stream->get());
    if (!ok) return tl::unexpected(ok.error());
    const std::string& address = model_.device().pci_address;
    if (options_.run.record) rows_.state_before = read_device_state(address);
    Result<ClockPair> before = take_clock_pair(*stream);
    if (!before) return tl::unexpected(before.error());
    ok = execute(*stream);
    if (!ok) return tl::unexpected(ok.error());
    Result<ClockPair> after = take_clock_pair(*stream);
    if (!after) return tl::unexpected(after.error());
    if (options_.run.record) rows_.state_after = read_device_state(address);
    rows_.before = *before;
    rows_.after = *after;
    return collect(stream->elapsed_ms());
  }

 private:
  Status execute(RunStream& stream) {
    Status ok = stream.mark_start();
    if (ok) ok = launch_advance(stream.get(), true);
    for (std::uint32_t i = 0; ok && i < decode_.iterations(); ++i) {
      ok = kind_ == PolicyKind::kStream
               ? launch_iteration(stream.get())
               : checked(cudaGraphLaunch(executable_, stream.get()), "a graph launch");
    }
    if (ok) ok = stream.mark_end();
    if (ok) ok = stream.await(options_.limit_seconds, {});
    return ok;
  }

  bool is_run(TaskKind kind) const {
    if (options_.only_linears) {
      return kind == TaskKind::kLinear || kind == TaskKind::kNormLinear ||
             kind == TaskKind::kSiluLinear;
    }
    return kind != TaskKind::kEmpty;
  }

  void group_tasks() {
    std::map<std::uint32_t, std::vector<std::uint32_t>> of_operator;
    for (std::uint32_t t = 0; t < graph_.task_count(); ++t) {
      if (is_run(graph_.tasks().kind[t])) {
        of_operator[graph_.tasks().op[t]].push_back(t);
      }
    }
    for (const auto& [op, tasks] : of_operator) {  // operators stand in program order
      launches_.push_back(
          {static_cast<std::uint32_t>(order_.size()), static_cast<std::uint32_t>(tasks.size())});
      order_.insert(order_.end(), tasks.begin(), tasks.end());
    }
  }

  std::uint32_t iterations_recorded() const {
    return std::min(options_.window.end, decode_.iterations()) - options_.window.first;
  }

  void place(DeviceImage& image) {
    state_ = decode_.place(image, model_);
    iteration_ = image.zeros<std::uint32_t>(1);
    descriptors_ = image.zeros<TaskDescriptor>(order_.size());
    ticks_ = image.zeros<IterationTicks>(std::size_t{decode_.iterations()} + 1);
    if (options_.run.record) {
      task_rows_ = image.zeros<OperatorTaskRow>(order_.size() * iterations_recorded());
    }
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
      OperatorArgs args{descriptors_ + op.first,
                        state_.steps,
                        iteration_,
                        model_.work_bytes(),
                        overlaps,
                        task_rows_ == nullptr ? nullptr : task_rows_ + op.first,
                        static_cast<std::uint32_t>(order_.size()),
                        options_.window};
      if (Status ok = launch(stream, operator_symbol(), op.tasks, DeviceShape::kThreads,
                             shared_bytes_, &args);
          !ok) {
        return ok;
      }
    }
    return launch_advance(stream, false);
  }

  Status launch_advance(cudaStream_t stream, bool begins) {
    const bool overlaps = kind_ == PolicyKind::kPdl && !begins;
    AdvanceArgs args{state_, iteration_, ticks_, overlaps ? 1U : 0U, begins ? 1U : 0U};
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
    DeviceRun run;
    run.kernel_ms = ms;
    run.decoded = decode_.read(state_, buffer_.data(), left);
    take_rows(left);
    DeviceRunOptions lanes = options_;
    lanes.run.roles = {model_.device().sms, 0};
    fill_run(run, model_, lanes, std::move(rows_));
    return run;
  }

  // A block of an operator's kernel is a task on the lane of its SM.
  void take_rows(std::span<const std::byte> left) {
    const auto in_image = [&](const auto* address) {
      return reinterpret_cast<decltype(address)>(
          left.data() + (reinterpret_cast<const std::byte*>(address) - buffer_.data()));
    };
    RunRows& rows = rows_.rows;
    rows_.states = decode_.states();
    for (std::uint32_t i = 0; i < decode_.iterations() && in_image(ticks_)[i].end != 0; ++i) {
      rows.iterations.push_back(in_image(ticks_)[i]);
    }
    rows.lanes.resize(model_.device().sms);
    for (std::uint32_t sm = 0; sm < model_.device().sms; ++sm) rows.core_of_lane.push_back(sm);
    if (task_rows_ == nullptr) return;
    const OperatorTaskRow* row = in_image(task_rows_);
    std::vector<std::vector<TaskRow>> of_sm(rows.lanes.size());
    for (std::uint32_t i = 0; i < iterations_recorded(); ++i) {
      for (const std::uint32_t task : order_) {
        if (row->end != 0) {
          of_sm[row->sm].push_back({{task, i}, {row->start, row->start, row->end, row->end}});
        }
        ++row;
      }
    }
    for (std::size_t sm = 0; sm < of_sm.size(); ++sm) {
      rows.lanes[sm].tasks.reserve(of_sm[sm].size());
      for (const TaskRow& task : of_sm[sm]) rows.lanes[sm].tasks.add(task);
    }
  }

  DeviceModel& model_;
  const DeviceRunOptions& options_;
  PolicyKind kind_;
  const DecodeTables& decode_;
  const TaskGraph& graph_;
  std::vector<OperatorLaunch> launches_{};
  std::vector<std::uint32_t> order_{};  // tasks, by operator
  DeviceBuffer buffer_{};
  DecodeState state_{};
  std::uint32_t* iteration_ = nullptr;
  IterationTicks* ticks_ = nullptr;
  OperatorTaskRow* task_rows_ = nullptr;
  DeviceRunRows rows_{};
  TaskDescriptor* descriptors_ = nullptr;
  std::size_t shared_bytes_ = 0;
  cudaGraph_t captured_ = nullptr;
  cudaGraphExec_t executable_ = nullptr;
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
