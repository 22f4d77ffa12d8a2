#include "gpu_backend/host/run_threads.h"

#include <sched.h>

#include <algorithm>
#include <barrier>
#include <optional>
#include <thread>

#include "core/annotate.h"

namespace mk {
namespace {

std::vector<std::uint32_t> cores_of_process() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<std::uint32_t> cores;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (std::uint32_t core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

bool pin_this_thread(std::uint32_t core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace

void RunRows::reserve(const TaskGraph& graph, const HostRunOptions& options) {
  const std::uint32_t lanes_of_device = options.roles.workers + options.roles.schedulers;
  lanes.resize(std::size_t{lanes_of_device} * graph.info().devices);
  if (!options.record) return;
  // Most runs are a few iterations; longer ones fill the buffers and count what they drop.
  constexpr std::uint64_t kIterations = 64;
  const std::uint64_t needed = std::uint64_t{graph.task_count()} * kIterations;
  const std::uint64_t rows =
      options.record_rows > 0 ? options.record_rows : std::min(needed, kDefaultRecordRows);
  for (std::uint32_t lane = 0; lane < lanes.size(); ++lane) {
    const bool is_worker = lane % lanes_of_device < options.roles.workers;
    if (is_worker) lanes[lane].tasks.reserve(rows);
    if (options.policy.kind == PolicyKind::kStatic) continue;
    if (!is_worker || options.roles.schedulers == 0) {
      lanes[lane].enqueued.reserve(rows);
      lanes[lane].dispatched.reserve(rows);
    }
  }
}

std::vector<IterationTicks> join_iterations(
    const std::vector<std::vector<IterationTicks>>& of_device) {
  std::vector<IterationTicks> all = of_device.front();
  for (const std::vector<IterationTicks>& one : of_device) {
    all.resize(std::min(all.size(), one.size()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].start = std::min(all[i].start, one[i].start);
      all[i].end = std::max(all[i].end, one[i].end);
    }
  }
  return all;
}

void run_threads(const HostRunOptions& options, RunRows& rows,
                 const std::function<void(std::uint32_t lane)>& body) {
  const auto lanes = static_cast<std::uint32_t>(rows.lanes.size());
  const std::uint32_t lanes_of_device = options.roles.workers + options.roles.schedulers;
  const std::vector<std::uint32_t> cores = cores_of_process();
  if (options.pin_threads && lanes <= cores.size()) {
    rows.core_of_lane.assign(cores.begin(), cores.begin() + lanes);
  }
  // Also makes NVTX ready before there are threads.
  const Annotation run("run on host threads");
  std::barrier all_here(lanes);
  std::atomic<std::uint32_t> not_pinned{0};
  std::vector<std::thread> threads;
  threads.reserve(lanes);
  for (std::uint32_t lane = 0; lane < lanes; ++lane) {
    threads.emplace_back([&, lane] {
      if (!rows.core_of_lane.empty() && !pin_this_thread(rows.core_of_lane[lane])) ++not_pinned;
      const bool is_worker = lane % lanes_of_device < options.roles.workers;
      const Annotation phase(is_worker ? "worker" : "scheduler");
      all_here.arrive_and_wait();
      body(lane);
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (not_pinned > 0) rows.core_of_lane.clear();
  rows.clock.finish();
}

}  // namespace mk
