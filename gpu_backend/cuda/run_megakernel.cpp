// run_megakernel: places the tables, launches once, reads back.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <span>

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

  // Twice the even share of a lane that serves `of` of `all`, and some; what does not fit is
  // dropped and counted.
  std::uint32_t rows(std::uint64_t all, std::uint64_t of, std::uint32_t lanes) const {
    const std::uint64_t wanted = 2 * (all * of / lanes + 64) * iterations_recorded();
    return static_cast<std::uint32_t>(std::min(wanted, kMostRows));
  }
  // Dispatchers are the schedulers; without any, the workers.
  RowCapacities of_worker() const {
    if (!options_.run.record) return {};
    const std::uint32_t tasks = rows(graph_.task_count(), 1, options_.run.roles.workers);
    const bool dispatches = options_.run.roles.schedulers == 0;
    return {tasks, dispatches ? tasks : 0, dispatches ? tasks : 0};
  }
  // A scheduler's first lane writes its dispatches (a broadcast event has a row each), every lane
  // the tasks of the workers that it serves.
  RowCapacities of_scheduler_lane(std::uint32_t scheduler, std::uint32_t lane) const {
    if (!options_.run.record) return {};
    const Roles& roles = options_.run.roles;
    const std::uint32_t own = workers_of(roles, scheduler).size();
    const std::uint32_t served =
        own > lane ? (own - lane + kSchedulerLanes - 1) / kSchedulerLanes : 0;
    return {0, served == 0 ? 0 : rows(graph_.task_count(), served, roles.workers),
            lane == 0 ? rows(graph_.event_count(), 1, 2) : 0};
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
    const Roles& roles = options_.run.roles;
    std::vector<DeviceLaneRows> sets(row_sets(roles));
    for (std::uint32_t set = 0; set < sets.size(); ++set) {
      const std::uint32_t lane = set - roles.workers;  // of all schedulers' lanes
      const RowCapacities rows =
          set < roles.workers ? of_worker()
                              : of_scheduler_lane(lane / kSchedulerLanes, lane % kSchedulerLanes);
      sets[set].tasks = {image.zeros<TaskRow>(rows.tasks), rows.tasks};
      sets[set].enqueued = {image.zeros<EnqueueRow>(rows.enqueued), rows.enqueued};
      sets[set].dispatched = {image.zeros<DispatchRow>(rows.dispatched), rows.dispatched};
    }
    args_.lane_rows = image.add(sets);
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
    const std::string& address = model_.device().pci_address;
    if (options_.run.record) rows_.state_before = read_device_state(address);
    Result<ClockPair> before = take_clock_pair(*stream);
    if (!before) return tl::unexpected(before.error());
    Status ok = stream->mark_start();
    if (ok) ok = checked(cudaLaunchKernelExC(&config, kernel_, arguments), "the launch");
    if (ok) ok = stream->mark_end();
    if (ok) ok = stream->await(options_.limit_seconds, [this] { stop_->stop(); });
    if (!ok) return ok;
    Result<ClockPair> after = take_clock_pair(*stream);
    if (!after) return tl::unexpected(after.error());
    if (options_.run.record) rows_.state_after = read_device_state(address);
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

  // What the lane's threads wrote down.
  std::span<const DeviceLaneRows> sets_of(std::uint32_t lane) const {
    const Roles& roles = options_.run.roles;
    const DeviceLaneRows* const sets = in_image(args_.lane_rows);
    if (lane < roles.workers) return {sets + lane, 1};
    return {sets + scheduler_rows(roles, lane - roles.workers), kSchedulerLanes};
  }

  // The rows of one kind, with iterations counted from the window's first.
  template <class Row>
  void take(std::span<const DeviceLaneRows> sets, DeviceRows<Row> DeviceLaneRows::*rows,
            protocol::Item Row::*item, BoundedBuffer<Row>& to) const {
    std::size_t size = 0;
    for (const DeviceLaneRows& set : sets) size += (set.*rows).size;
    to.reserve(size);
    for (const DeviceLaneRows& set : sets) {
      for (std::uint32_t i = 0; i < (set.*rows).size; ++i) {
        Row row = in_image((set.*rows).rows)[i];
        (row.*item).iteration -= options_.window.first;
        to.add(row);
      }
    }
  }

  void take_lane(std::uint32_t lane) {
    const std::span<const DeviceLaneRows> sets = sets_of(lane);
    LaneBuffers& to = rows_.rows.lanes[lane];
    take(sets, &DeviceLaneRows::tasks, &TaskRow::task, to.tasks);
    take(sets, &DeviceLaneRows::enqueued, &EnqueueRow::task, to.enqueued);
    take(sets, &DeviceLaneRows::dispatched, &DispatchRow::event, to.dispatched);
  }

  void take_loss(std::uint32_t lane) {
    std::uint32_t tasks = 0;
    std::uint32_t enqueued = 0;
    std::uint32_t dispatched = 0;
    for (const DeviceLaneRows& set : sets_of(lane)) {
      tasks += set.tasks.dropped;
      enqueued += set.enqueued.dropped;
      dispatched += set.dispatched.dropped;
    }
    if (tasks + enqueued + dispatched == 0) return;
    rows_.losses.push_back(
        {"records_dropped", std::int64_t{tasks} + enqueued + dispatched,
         fmt::format("the recorder of lane {} was full: {} task, {} enqueue, {} dispatch rows lost",
                     lane, tasks, enqueued, dispatched)});
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
