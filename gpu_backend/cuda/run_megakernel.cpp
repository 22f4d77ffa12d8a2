// run_megakernel: places the tables, launches once, reads back.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "gpu_backend/cuda/decode_tables.h"
#include "gpu_backend/cuda/device_launch.h"
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
    if (ok) ok = check_residency();
    if (ok) ok = execute();
    if (!ok) return tl::unexpected(ok.error());
    return collect();
  }

 private:
  std::uint32_t lanes() const { return options_.run.roles.workers + options_.run.roles.schedulers; }
  std::uint32_t blocks() const {
    return options_.run.roles.workers +
           (options_.run.roles.schedulers + kSchedulersPerBlock - 1) / kSchedulersPerBlock;
  }

  // Twice a lane's even share and some; what does not fit is dropped and counted.
  RowCapacities capacities(bool is_worker) const {
    if (!options_.run.record) return {};
    const Roles& roles = options_.run.roles;
    const auto rows = [&](std::uint64_t all, std::uint32_t lanes) {
      const std::uint64_t wanted = 2 * (all / lanes + 64) * decode_.iterations();
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

  // All blocks must be on the device at once: they wait for each other.
  Status check_residency() {
    shared_bytes_ = megakernel_shared_bytes(model_.work_bytes());
    kernel_ = megakernel_symbol(options_.run.record);
    if (Status ok =
            checked(cudaFuncSetAttribute(kernel_, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                         static_cast<int>(shared_bytes_)),
                    "the megakernel's shared memory");
        !ok) {
      return ok;
    }
    int per_sm = 0;
    if (Status ok = checked(cudaOccupancyMaxActiveBlocksPerMultiprocessor(
                                &per_sm, kernel_, static_cast<int>(kBlockThreads), shared_bytes_),
                            "the megakernel's occupancy");
        !ok) {
      return ok;
    }
    const std::uint32_t room = static_cast<std::uint32_t>(per_sm) * model_.device().sms;
    if (blocks() <= room) return {};
    return fail(ErrorCode::kDevice,
                fmt::format("{} workers and {} schedulers take {} SMs, {} has {}",
                            options_.run.roles.workers, options_.run.roles.schedulers, blocks(),
                            model_.device().name, room));
  }

  Status execute() {
    Result<RunStream> stream = RunStream::make();
    if (!stream) return tl::unexpected(stream.error());
    cudaLaunchAttribute cooperative{};
    cooperative.id = cudaLaunchAttributeCooperative;
    cooperative.val.cooperative = 1;
    cudaLaunchConfig_t config{};
    config.gridDim = {blocks(), 1, 1};
    config.blockDim = {kBlockThreads, 1, 1};
    config.dynamicSmemBytes = shared_bytes_;
    config.stream = stream->get();
    config.attrs = &cooperative;
    config.numAttrs = 1;
    void* arguments[] = {&args_};
    if (Status ok = stream->mark_start(); !ok) return ok;
    if (Status ok = checked(cudaLaunchKernelExC(&config, kernel_, arguments), "the launch"); !ok) {
      return ok;
    }
    if (Status ok = stream->mark_end(); !ok) return ok;
    if (Status ok = stream->await(options_.limit_seconds, [this] { stop_->stop(); }); !ok) {
      return ok;
    }
    kernel_ms_ = stream->elapsed_ms();
    return {};
  }

  template <class T>
  const T* in_image(const T* address) const {
    return reinterpret_cast<const T*>(
        left_.data() + (reinterpret_cast<const std::byte*>(address) - buffer_.data()));
  }

  void take_rows(RunRows& rows) const {
    const DeviceLaneRows* const lane_rows = in_image(args_.lane_rows);
    rows.lanes.resize(lanes());
    const auto take = [&](auto& to, const auto& from) {
      to.reserve(from.size);
      for (std::uint32_t i = 0; i < from.size; ++i) to.add(in_image(from.rows)[i]);
    };
    for (std::uint32_t lane = 0; lane < lanes(); ++lane) {
      take(rows.lanes[lane].tasks, lane_rows[lane].tasks);
      take(rows.lanes[lane].enqueued, lane_rows[lane].enqueued);
      take(rows.lanes[lane].dispatched, lane_rows[lane].dispatched);
      rows.core_of_lane.push_back(in_image(args_.sm_of_lane)[lane]);
    }
  }

  void add_drops(RunRecord& record) const {
    for (std::uint32_t lane = 0; lane < lanes(); ++lane) {
      const DeviceLaneRows& rows = in_image(args_.lane_rows)[lane];
      const std::uint32_t dropped =
          rows.tasks.dropped + rows.enqueued.dropped + rows.dispatched.dropped;
      if (dropped == 0) continue;
      record.health.push_back(
          {"records_dropped", dropped,
           fmt::format("the recorder of lane {} was full: {} task, {} enqueue, "
                       "{} dispatch rows lost",
                       lane, rows.tasks.dropped, rows.enqueued.dropped, rows.dispatched.dropped)});
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
    DecodeTables::Outcome outcome = decode_.read(args_.decode, buffer_.data(), left_);
    run.generated = std::move(outcome.generated);
    run.ended_by_itself = outcome.ended_by_itself;
    run.requests_agree = outcome.requests_agree;

    RunRows rows;
    std::vector<IterationState> states = decode_.states();
    for (std::uint32_t i = 0; i < decode_.iterations(); ++i) {
      const IterationTicks ticks = in_image(args_.iterations)[i];
      if (ticks.end == 0) break;
      rows.iterations.push_back(ticks);
      run.iteration_us.push_back(static_cast<double>(ticks.end - ticks.start) * 1e-3);
    }
    states.resize(rows.iterations.size());
    take_rows(rows);
    run.record = make_run_record(model_.graph(), options_.run, rows, std::move(states));
    // The device's clock counts nanoseconds, all SMs the same.
    run.record.meta["source"] = "cuda";
    run.record.meta["clock"] = "globaltimer";
    run.record.meta["gpu"] = model_.device().name;
    run.record.meta.erase("cores");
    run.record.meta.erase("pinned");
    run.record.clocks.clear();
    add_drops(run.record);
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
  std::vector<std::byte> left_{};  // the buffer after the run
};

}  // namespace

Result<DeviceRun> run_megakernel(DeviceModel& model, const DeviceRunOptions& options,
                                 const DecodeOptions& decode) {
  if (Status ok = check_options(*model.graph(), options.run); !ok) {
    return tl::unexpected(ok.error());
  }
  Result<DecodeTables> tables = DecodeTables::make(*model.graph(), decode);
  if (!tables) return tl::unexpected(tables.error());
  return MegakernelRun(model, options, *tables).run();
}

}  // namespace mk::cuda
