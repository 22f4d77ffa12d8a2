// run_on_devices: run_on_threads for a graph of several devices. A device is a group of threads
// with workers, schedulers, queues and counters of its own; what the groups tell each other goes
// through protocol/peers.h, as between GPUs.
//
//   std::vector<MyProgram> of_device = ...;                      // one a device
//   Result<RunRecord> record = run_on_devices(graph, of_device, options);   // roles: of each
//   device
//
// Everything run_on_threads says holds for each device, and besides: execute() is called on the
// program of the task's device; prepare() once an iteration on each, after all devices have ended
// the iteration before, and with the same answer on all. A put writes into the peer's memory
// itself, so the programs share what they send each other. The record has the lanes of all devices.
// Errors: as run_on_threads, each stuck device with a report of its own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "gpu_backend/host/run_on_threads.h"
#include "gpu_backend/protocol/peers.h"

namespace mk {

// What the protocol sees of one device's program.
template <HostProgram Program>
class DeviceProgram : public ProtocolProgram<Program> {
 public:
  DeviceProgram(Program& program, const HostRunOptions& options)
      : ProtocolProgram<Program>(program, options) {}

  const protocol::Peers<HostMemory>& peers() const { return peers_; }
  void set_peers(const protocol::Peers<HostMemory>& peers) { peers_ = peers; }

 private:
  protocol::Peers<HostMemory> peers_{};
};

namespace detail {

// The launches of all devices, and how they reach each other.
class DeviceLaunches {
 public:
  DeviceLaunches(const TaskGraph& graph, const HostRunOptions& options) {
    for (std::uint32_t d = 0; d < graph.info().devices; ++d) {
      const auto device = static_cast<std::uint8_t>(d);
      storage_.push_back(std::make_unique<LaunchStorage>(graph, options, device));
      of_device_.push_back(storage_.back()->as_peer());
    }
  }
  const protocol::Launch<HostMemory>& launch(std::uint32_t device) const {
    return storage_[device]->launch();
  }
  protocol::Peers<HostMemory> peers_of(std::uint32_t device) const {
    return {device, static_cast<std::uint32_t>(of_device_.size()), of_device_.data()};
  }
  Status outcome(const TaskGraph& graph) const;

 private:
  std::vector<std::unique_ptr<LaunchStorage>> storage_{};
  std::vector<protocol::PeerDevice<HostMemory>> of_device_{};
};

}  // namespace detail

template <HostProgram Program>
[[nodiscard]] Result<RunRecord> run_on_devices(std::shared_ptr<const TaskGraph> graph,
                                               std::vector<Program>& of_device,
                                               const HostRunOptions& options) {
  if (Status checked = check_options(*graph, options); !checked) {
    return tl::unexpected(checked.error());
  }
  MK_CHECK(of_device.size() == graph->info().devices, "each device has a program");
  detail::DeviceLaunches launches(*graph, options);
  std::vector<DeviceProgram<Program>> programs;
  bool begins = true;
  for (std::uint32_t d = 0; d < of_device.size(); ++d) {
    programs.emplace_back(of_device[d], options);
    programs[d].set_peers(launches.peers_of(d));
    begins = programs[d].prepare(0) && begins;
  }
  RunRows rows;
  if (begins) {
    rows.reserve(*graph, options);
    std::vector<std::vector<IterationTicks>> iterations(of_device.size());
    const std::uint32_t lanes = options.roles.workers + options.roles.schedulers;
    run_threads(options, rows, [&](std::uint32_t lane) {
      const std::uint32_t device = lane / lanes;
      detail::run_lane(options.record, launches.launch(device), lane % lanes, programs[device],
                       rows.lanes[lane], iterations[device]);
    });
    if (Status outcome = launches.outcome(*graph); !outcome) {
      return tl::unexpected(outcome.error());
    }
    rows.iterations = join_iterations(iterations);
  }
  return make_run_record(std::move(graph), options, rows, std::move(programs[0].states()));
}

}  // namespace mk
