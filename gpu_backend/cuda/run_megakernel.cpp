// run_megakernel: places the tables, launches once, reads back.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "gpu_backend/cuda/decode_tables.h"
#include "gpu_backend/cuda/device_launch.h"
#include "gpu_backend/cuda/device_record.h"
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/run_on_stream.h"
#include "gpu_backend/host/run_threads.h"

namespace mk::cuda {
namespace {

// A word of the host that the device reads.
class StopRequest {
 public:
  [[nodiscard]] static Result<StopRequest> make() {
    StopRequest request;
    void* word = nullptr;
    if (Status ok = checked(cudaHostAlloc(&word, sizeof(std::uint32_t), cudaHostAllocMapped),
                            "mapped memory");
        !ok) {
      return tl::unexpected(ok.error());
    }
    request.word_.reset(static_cast<std::uint32_t*>(word));
    *request.word_ = 0;
    return request;
  }
  void stop() { std::atomic_ref<std::uint32_t>(*word_).store(1); }
  const std::uint32_t* on_device() const {
    void* address = nullptr;
    static_cast<void>(cudaHostGetDevicePointer(&address, word_.get(), 0));
    return static_cast<const std::uint32_t*>(address);
  }

 private:
  struct Free {
    void operator()(std::uint32_t* word) const { static_cast<void>(cudaFreeHost(word)); }
  };
  std::unique_ptr<std::uint32_t, Free> word_{};
};

// Rows that a lane's buffers hold.
struct RowCapacities {
  std::uint32_t tasks = 0;
  std::uint32_t enqueued = 0;
  std::uint32_t dispatched = 0;
};
constexpr std::uint64_t kMostRows = 1U << 18;  // of a buffer

class MegakernelRun {
 public:
  MegakernelRun(DeviceModel& model, const DeviceRunOptions& options, const DecodeTables& decode)
      : model_(model),
        options_(options),
        decode_(decode),
        graph_(*model.graph()),
        launch_(graph_, options.run) {}

  Result<DeviceRun> run() {
    Status ok = prepare();
    if (ok) ok = set_shared_memory();
    if (ok) ok = execute();
    if (!ok) return tl::unexpected(ok.error());
    return collect();
  }

 private:
  std::uint32_t lanes() const { return options_.run.roles.workers + options_.run.roles.schedulers; }
  std::uint32_t iterations_recorded() const {
    return std::min(options_.window.end, decode_.iterations()) - options_.window.first;
  }

  // Twice a lane's even share and some; what does not fit is dropped and counted.
  RowCapacities capacities(bool is_worker) const {
    if (!options_.run.record) return {};
    const Roles& roles = options_.run.roles;
    const auto rows = [&](std::uint64_t all, std::uint32_t lanes) {
      const std::uint64_t wanted = 2 * (all / lanes + 64) * iterations_recorded();
      return static_cast<std::uint32_t>(std::min(wanted, kMostRows));
    };
    const std::uint32_t tasks = rows(graph_.task_count(), roles.workers);
    // Dispatchers are the schedulers; without any, the workers. A broadcast event has a row each.
    if (is_worker) {
      const bool dispatches = roles.schedulers == 0;
      return {tasks, dispatches ? tasks : 0, dispatches ? tasks : 0};
    }
    return {0, rows(graph_.task_count(), roles.schedulers), rows(graph_.event_count(), 2)};
  }

  void place(DeviceImage& image) {
    args_ = {};
    args_.launch = launch_.place(image);
    args_.launch.stop_request = stop_->on_device();
    args_.descriptors = model_.descriptors();
    args_.decode = decode_.place(image, model_);
    args_.iterations = image.zeros<IterationTicks>(std::size_t{decode_.iterations()} + 1);
    args_.window = options_.window;
    args_.sm_of_lane = image.zeros<std::uint32_t>(lanes());
    args_.work_bytes = model_.work_bytes();
    args_.preloads = options_.preloads ? 1 : 0;
    std::vector<DeviceLaneRows> lane_rows(lanes());
    for (std::uint32_t lane = 0; lane < lanes(); ++lane) {
      const RowCapacities rows = capacities(lane < options_.run.roles.workers);
      lane_rows[lane].tasks = {image.zeros<TaskRow>(rows.tasks), rows.tasks};
      lane_rows[lane].enqueued = {image.zeros<EnqueueRow>(rows.enqueued), rows.enqueued};
      lane_rows[lane].dispatched = {image.zeros<DispatchRow>(rows.dispatched), rows.dispatched};
    }
    args_.lane_rows = image.add(lane_rows);
  }

  Status prepare() {
    Result<StopRequest> stop = StopRequest::make();
    if (!stop) return tl::unexpected(stop.error());
    stop_ = std::make_unique<StopRequest>(std::move(*stop));
    DeviceImage size(nullptr);
    place(size);
    Result<DeviceBuffer> buffer = DeviceBuffer::allocate(size.bytes().size(), "the run's tables");
    if (!buffer) return tl::unexpected(buffer.error());
    buffer_ = std::move(*buffer);
    DeviceImage image(buffer_.data());
    place(image);
    if (Status ok = buffer_.write(0, image.bytes()); !ok) return ok;
    return decode_.write_first_input(model_);
  }

  // check_run() knows that a block an SM fits; the runtime has the last word.
  Status set_shared_memory() {
    shared_bytes_ = megakernel_shared_bytes(model_.work_bytes());
    kernel_ = megakernel_symbol(options_.run.record);
    return checked(cudaFuncSetAttribute(kernel_, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                        static_cast<int>(shared_bytes_)),
                   "the megakernel's shared memory");
  }

  Status execute() {
    Result<RunStream> stream = RunStream::make();
    if (!stream) return tl::unexpected(stream.error());
    cudaLaunchAttribute cooperative{};
    cooperative.id = cudaLaunchAttributeCooperative;
    cooperative.val.cooperative = 1;
    cudaLaunchConfig_t config{};
    config.gridDim = {megakernel_blocks(options_.run.roles), 1, 1};
    config.blockDim = {kBlockThreads, 1, 1};
    config.dynamicSmemBytes = shared_bytes_;
    config.stream = stream->get();
    config.attrs = &cooperative;
    config.numAttrs = 1;
    void* arguments[] = {&args_};
    Result<ClockPair> before = take_clock_pair(*stream);
    if (!before) return tl::unexpected(before.error());
    Status ok = stream->mark_start();
    if (ok) ok = checked(cudaLaunchKernelExC(&config, kernel_, arguments), "the launch");
    if (ok) ok = stream->mark_end();
    if (ok) ok = stream->await(options_.limit_seconds, [this] { stop_->stop(); });
    if (!ok) return ok;
    Result<ClockPair> after = take_clock_pair(*stream);
    if (!after) return tl::unexpected(after.error());
    rows_.before = *before;
    rows_.after = *after;
    kernel_ms_ = stream->elapsed_ms();
    return {};
  }

  template <class T>
  const T* in_image(const T* address) const {
    return reinterpret_cast<const T*>(
        left_.data() + (reinterpret_cast<const std::byte*>(address) - buffer_.data()));
  }

  void take_lane(std::uint32_t lane) {
    const DeviceLaneRows& from = in_image(args_.lane_rows)[lane];
    LaneBuffers& to = rows_.rows.lanes[lane];
    const std::uint32_t first = options_.window.first;
    to.tasks.reserve(from.tasks.size);
    for (std::uint32_t i = 0; i < from.tasks.size; ++i) {
      TaskRow row = in_image(from.tasks.rows)[i];
      row.task.iteration -= first;
      to.tasks.add(row);
    }
    to.enqueued.reserve(from.enqueued.size);
    for (std::uint32_t i = 0; i < from.enqueued.size; ++i) {
      EnqueueRow row = in_image(from.enqueued.rows)[i];
      row.task.iteration -= first;
      to.enqueued.add(row);
    }
    to.dispatched.reserve(from.dispatched.size);
    for (std::uint32_t i = 0; i < from.dispatched.size; ++i) {
      DispatchRow row = in_image(from.dispatched.rows)[i];
      row.event.iteration -= first;
      to.dispatched.add(row);
    }
  }

  void take_loss(std::uint32_t lane) {
    const DeviceLaneRows& of_lane = in_image(args_.lane_rows)[lane];
    const std::uint32_t dropped =
        of_lane.tasks.dropped + of_lane.enqueued.dropped + of_lane.dispatched.dropped;
    if (dropped == 0) return;
    rows_.losses.push_back(
        {"records_dropped", dropped,
         fmt::format("the recorder of lane {} was full: {} task, {} enqueue, {} dispatch rows lost",
                     lane, of_lane.tasks.dropped, of_lane.enqueued.dropped,
                     of_lane.dispatched.dropped)});
  }

  void take_rows() {
    RunRows& rows = rows_.rows;
    rows_.states = decode_.states();
    for (std::uint32_t i = 0; i < decode_.iterations(); ++i) {
      const IterationTicks ticks = in_image(args_.iterations)[i];
      if (ticks.end == 0) break;
      rows.iterations.push_back(ticks);
    }
    rows.lanes.resize(lanes());
    for (std::uint32_t lane = 0; lane < lanes(); ++lane) {
      rows.core_of_lane.push_back(in_image(args_.sm_of_lane)[lane]);
      take_lane(lane);
      take_loss(lane);
    }
  }

  Result<DeviceRun> collect() {
    left_.resize(buffer_.bytes());
    if (Status ok = buffer_.read(0, left_); !ok) return tl::unexpected(ok.error());
    if (Status ok = launch_.outcome(args_.launch, buffer_.data(), left_); !ok) {
      return tl::unexpected(ok.error());
    }
    DeviceRun run;
    run.kernel_ms = kernel_ms_;
    run.decoded = decode_.read(args_.decode, buffer_.data(), left_);
    take_rows();
    fill_run(run, model_, options_, std::move(rows_));
    return run;
  }

  DeviceModel& model_;
  const DeviceRunOptions& options_;
  const DecodeTables& decode_;
  const TaskGraph& graph_;
  DeviceLaunch launch_;
  std::unique_ptr<StopRequest> stop_{};
  DeviceBuffer buffer_{};
  MegakernelArgs args_{};
  const void* kernel_ = nullptr;
  std::size_t shared_bytes_ = 0;
  double kernel_ms_ = 0;
  DeviceRunRows rows_{};
  std::vector<std::byte> left_{};  // the buffer after the run
};

}  // namespace

Result<DeviceRun> run_megakernel(DeviceModel& model, const DeviceRunOptions& options,
                                 const DecodeOptions& decode) {
  Status ok = check_run(model.device(), *model.graph(), options.run);
  if (!ok) return tl::unexpected(ok.error());
  Result<DecodeTables> tables = DecodeTables::make(*model.graph(), decode);
  if (!tables) return tl::unexpected(tables.error());
  ok = check_window(options, tables->iterations());
  if (!ok) return tl::unexpected(ok.error());
  return MegakernelRun(model, options, *tables).run();
}

}  // namespace mk::cuda
