#include "gpu_backend/cuda/megakernel_launch.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <initializer_list>

namespace mk::cuda {
namespace {

constexpr std::uint64_t kMostRows = 1U << 18;  // of a buffer

}  // namespace

Result<StopRequest> StopRequest::make() {
  StopRequest request;
  void* word = nullptr;
  const unsigned flags = cudaHostAllocMapped | cudaHostAllocPortable;
  if (Status ok = checked(cudaHostAlloc(&word, sizeof(std::uint32_t), flags), "mapped memory");
      !ok) {
    return tl::unexpected(ok.error());
  }
  request.word_.reset(static_cast<std::uint32_t*>(word));
  *request.word_ = 0;
  return request;
}

void StopRequest::stop() { std::atomic_ref<std::uint32_t>(*word_).store(1); }

const std::uint32_t* StopRequest::on_device() const {
  void* address = nullptr;
  static_cast<void>(cudaHostGetDevicePointer(&address, word_.get(), 0));
  return static_cast<const std::uint32_t*>(address);
}

void StopRequest::Free::operator()(std::uint32_t* word) const {
  static_cast<void>(cudaFreeHost(word));
}

// Rows that a lane's buffers hold.
struct MegakernelLaunch::RowCapacities {
  std::uint32_t tasks = 0;
  std::uint32_t enqueued = 0;
  std::uint32_t dispatched = 0;
};

MegakernelLaunch::MegakernelLaunch(DeviceModel& model, const DeviceRunOptions& options,
                                   const DecodeTables& decode)
    : model_(model),
      options_(options),
      decode_(decode),
      graph_(*model.graph()),
      launch_(graph_, options.run, model.number()) {}

std::uint32_t MegakernelLaunch::iterations_recorded() const {
  return std::min(options_.window.end, decode_.iterations()) - options_.window.first;
}

// Twice the even share of a lane that serves `of` of `all`, and some; what does not fit is dropped
// and counted.
std::uint32_t MegakernelLaunch::rows(std::uint64_t all, std::uint64_t of,
                                     std::uint32_t lanes) const {
  const std::uint64_t wanted = 2 * (all * of / lanes + 64) * iterations_recorded();
  return static_cast<std::uint32_t>(std::min(wanted, kMostRows));
}

// Dispatchers are the schedulers; without any, the workers.
MegakernelLaunch::RowCapacities MegakernelLaunch::of_worker() const {
  if (!options_.run.record) return {};
  const std::uint32_t tasks = rows(graph_.task_count(), 1, options_.run.roles.workers);
  const bool dispatches = options_.run.roles.schedulers == 0;
  return {tasks, dispatches ? tasks : 0, dispatches ? tasks : 0};
}

// A scheduler's first lane writes its dispatches (a broadcast event has a row each), every lane
// the tasks of the workers that it serves.
MegakernelLaunch::RowCapacities MegakernelLaunch::of_scheduler_lane(std::uint32_t scheduler,
                                                                    std::uint32_t lane) const {
  if (!options_.run.record) return {};
  const Roles& roles = options_.run.roles;
  const std::uint32_t own = workers_of(roles, scheduler).size();
  const std::uint32_t served =
      own > lane ? (own - lane + kSchedulerLanes - 1) / kSchedulerLanes : 0;
  return {0, served == 0 ? 0 : rows(graph_.task_count(), served, roles.workers),
          lane == 0 ? rows(graph_.event_count(), 1, 2) : 0};
}

void MegakernelLaunch::place_rows(DeviceImage& image) {
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

void MegakernelLaunch::place(DeviceImage& image) {
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
  place_rows(image);
  if (!has_peers()) return;
  cells_ = launch_.place_peer_cells(image, args_.launch);
  peer_tables_ = PeerTables::reserve(image, graph_.info().devices, options_.run.roles.schedulers);
}

Status MegakernelLaunch::prepare() {
  if (Status ok = model_.device().make_current(); !ok) return ok;
  Result<StopRequest> stop = StopRequest::make();
  if (!stop) return tl::unexpected(stop.error());
  stop_ = std::make_unique<StopRequest>(std::move(*stop));
  Result<RunStream> stream = RunStream::make();
  if (!stream) return tl::unexpected(stream.error());
  stream_ = std::make_unique<RunStream>(std::move(*stream));
  if (Status ok = tables_.upload([this](DeviceImage& image) { place(image); }); !ok) return ok;
  if (Status ok = decode_.write_first_input(model_); !ok) return ok;
  return load_kernel();
}

// check_run() knows that a block an SM fits; the runtime has the last word. Setting the attribute
// loads the kernel, which must not happen while another device's kernel waits for this one.
Status MegakernelLaunch::load_kernel() {
  shared_bytes_ = megakernel_shared_bytes(model_.work_bytes());
  kernel_ = has_peers() ? peer_megakernel_symbol(options_.run.record)
                        : megakernel_symbol(options_.run.record);
  return checked(cudaFuncSetAttribute(kernel_, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                      static_cast<int>(shared_bytes_)),
                 "the megakernel's shared memory");
}

Status MegakernelLaunch::connect(std::span<const std::unique_ptr<MegakernelLaunch>> all) {
  if (Status ok = model_.device().make_current(); !ok) return ok;
  std::vector<DevicePeerCells> cells;
  for (const auto& one : all) cells.push_back(one->cells_);
  args_.peers = peer_tables_.peers(model_.number());
  std::ranges::copy(peer_tables_.entries(cells), args_.of_device);
  const std::vector<std::byte> bytes = peer_tables_.bytes(cells);
  return tables_.write(peer_tables_.begin(), bytes);
}

Status MegakernelLaunch::take_clock_before() {
  if (Status ok = model_.device().make_current(); !ok) return ok;
  if (options_.run.record) rows_.state_before = read_device_state(model_.device().pci_address);
  Result<ClockPair> pair = take_clock_pair(*stream_);
  if (!pair) return tl::unexpected(pair.error());
  rows_.before = *pair;
  return {};
}

Status MegakernelLaunch::take_clock_after() {
  if (Status ok = model_.device().make_current(); !ok) return ok;
  Result<ClockPair> pair = take_clock_pair(*stream_);
  if (!pair) return tl::unexpected(pair.error());
  if (options_.run.record) rows_.state_after = read_device_state(model_.device().pci_address);
  rows_.after = *pair;
  return {};
}

Status MegakernelLaunch::start() {
  if (Status ok = model_.device().make_current(); !ok) return ok;
  cudaLaunchAttribute cooperative{};
  cooperative.id = cudaLaunchAttributeCooperative;
  cooperative.val.cooperative = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = {megakernel_blocks(options_.run.roles), 1, 1};
  config.blockDim = {kBlockThreads, 1, 1};
  config.dynamicSmemBytes = shared_bytes_;
  config.stream = stream_->get();
  config.attrs = &cooperative;
  config.numAttrs = 1;
  void* arguments[] = {has_peers() ? static_cast<void*>(&args_)
                                   : static_cast<void*>(static_cast<MegakernelArgs*>(&args_))};
  Status ok = stream_->mark_start();
  if (ok) ok = checked(cudaLaunchKernelExC(&config, kernel_, arguments), "the launch");
  if (ok) ok = stream_->mark_end();
  return ok;
}

Status MegakernelLaunch::await() {
  return stream_->await(options_.limit_seconds, [this] { stop_->stop(); });
}

// What the lane's threads wrote down.
std::span<const DeviceLaneRows> MegakernelLaunch::sets_of(std::uint32_t lane) const {
  const Roles& roles = options_.run.roles;
  const DeviceLaneRows* const sets = tables_.left_at(args_.lane_rows);
  if (lane < roles.workers) return {sets + lane, 1};
  return {sets + scheduler_rows(roles, lane - roles.workers), kSchedulerLanes};
}

namespace {

// Instants of a row, brought onto the axis; 0: not taken.
void shift(std::initializer_list<std::uint64_t*> instants, const DeviceClock& clock) {
  for (std::uint64_t* const ns : instants) {
    if (*ns != 0) *ns = clock.on_axis(*ns);
  }
}
void shift(TaskRow& row, const DeviceClock& clock) {
  protocol::TaskStamps& t = row.stamps;
  shift({&t.fetched, &t.start, &t.end, &t.notified, &t.preload}, clock);
}
void shift(EnqueueRow& row, const DeviceClock& clock) { shift({&row.enqueued}, clock); }
void shift(DispatchRow& row, const DeviceClock& clock) {
  shift({&row.dequeued, &row.launched}, clock);
}

}  // namespace

// The rows of one kind, with iterations counted from the window's first.
template <class Row>
void MegakernelLaunch::take(std::span<const DeviceLaneRows> sets,
                            DeviceRows<Row> DeviceLaneRows::*rows, protocol::Item Row::*item,
                            const DeviceClock& clock, BoundedBuffer<Row>& to) const {
  std::size_t size = 0;
  for (const DeviceLaneRows& set : sets) size += (set.*rows).size;
  to.reserve(size);
  for (const DeviceLaneRows& set : sets) {
    for (std::uint32_t i = 0; i < (set.*rows).size; ++i) {
      Row row = tables_.left_at((set.*rows).rows)[i];
      (row.*item).iteration -= options_.window.first;
      shift(row, clock);
      to.add(row);
    }
  }
}

void MegakernelLaunch::take_lane(std::uint32_t lane, const DeviceClock& clock) {
  const std::span<const DeviceLaneRows> sets = sets_of(lane);
  LaneBuffers& to = rows_.rows.lanes[lane];
  take(sets, &DeviceLaneRows::tasks, &TaskRow::task, clock, to.tasks);
  take(sets, &DeviceLaneRows::enqueued, &EnqueueRow::task, clock, to.enqueued);
  take(sets, &DeviceLaneRows::dispatched, &DispatchRow::event, clock, to.dispatched);
}

void MegakernelLaunch::take_loss(std::uint32_t lane) {
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
       fmt::format("the recorder of lane {}{} was full: {} task, {} enqueue, {} dispatch rows lost",
                   lane, has_peers() ? fmt::format(" of device {}", model_.number()) : "", tasks,
                   enqueued, dispatched)});
}

DeviceRunRows MegakernelLaunch::take_rows(const DeviceClock& clock) {
  RunRows& rows = rows_.rows;
  rows_.states = decode_.states();
  for (std::uint32_t i = 0; i < decode_.iterations(); ++i) {
    const IterationTicks ticks = tables_.left_at(args_.iterations)[i];
    if (ticks.end == 0) break;
    rows.iterations.push_back({clock.on_axis(ticks.start), clock.on_axis(ticks.end)});
  }
  rows.lanes.resize(lanes());
  for (std::uint32_t lane = 0; lane < lanes(); ++lane) {
    rows.core_of_lane.push_back(tables_.left_at(args_.sm_of_lane)[lane]);
    take_lane(lane, clock);
    take_loss(lane);
  }
  return std::move(rows_);
}

}  // namespace mk::cuda
