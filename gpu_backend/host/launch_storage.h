// LaunchStorage: owns what the protocol's Launch points to, for one run on host threads; of a graph
// for several devices what one of them has.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/task_graph.h"
#include "gpu_backend/host/host_memory.h"
#include "gpu_backend/host/run_options.h"
#include "gpu_backend/protocol/launch.h"
#include "gpu_backend/protocol/peers.h"

namespace mk {

class LaunchStorage {
 public:
  // Requires: check_options(graph, options), device < graph.info().devices.
  LaunchStorage(const TaskGraph& graph, const HostRunOptions& options, std::uint8_t device = 0);
  LaunchStorage(const LaunchStorage&) = delete;
  LaunchStorage& operator=(const LaunchStorage&) = delete;
  ~LaunchStorage();

  const protocol::Launch<HostMemory>& launch() const { return launch_; }
  // What the peers reach of this device. `arrivals` is null where the graph has one device, and
  // where the policy launches nothing JIT.
  protocol::PeerDevice<HostMemory> as_peer() const {
    return {launch_.counters, boundary_.get(), arrivals_.empty() ? nullptr : arrivals_.data()};
  }

  // Why the run was aborted, ok iff it was not. A stuck run's message is the report: each lane with
  // what it does or waits for, and the events that keep it from going on with their counts.
  // Requires: the run's threads have ended.
  Status outcome(const TaskGraph& graph) const;

 private:
  using Ring = protocol::Ring<HostMemory>;
  struct RingStorage;

  void fill_launch(const TaskGraph& graph, const HostRunOptions& options);

  void fill_words(const TaskGraph& graph, const HostRunOptions& options);
  void add_devices(const TaskGraph& graph);
  void make_rings(const TaskGraph& graph, const HostRunOptions& options);
  std::vector<Ring> make_rings(const std::vector<std::uint32_t>& items);

  std::uint8_t device_;
  std::uint32_t end_count_ = 0;
  PlacementTables tables_;
  std::vector<protocol::TaskWord> tasks_{};
  std::vector<protocol::EventWord> events_{};
  std::vector<std::uint8_t> jit_launched_{};
  std::vector<std::atomic<std::uint32_t>> counters_;
  std::vector<std::unique_ptr<RingStorage>> ring_storage_{};
  std::vector<Ring> aot_rings_{};
  std::vector<Ring> jit_rings_{};
  std::vector<Ring> event_rings_{};
  std::vector<Ring> arrivals_{};  // a scheduler; empty without peers
  std::vector<protocol::RingProducer<HostMemory>> aot_producers_{};
  std::vector<protocol::RingProducer<HostMemory>> jit_producers_{};
  std::vector<protocol::DispatcherCell> dispatchers_{};
  std::vector<std::uint32_t> depths_{};
  std::vector<protocol::WhereCell<HostMemory>> where_;
  std::unique_ptr<std::atomic<std::uint32_t>> boundary_{
      std::make_unique<std::atomic<std::uint32_t>>(0)};
  protocol::Control<HostMemory> control_{};
  protocol::Launch<HostMemory> launch_{};
};

}  // namespace mk
