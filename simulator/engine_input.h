// What an engine of a megakernel policy runs on, and what comes out besides the records.
#pragma once

#include <cstdint>
#include <vector>

#include "core/machine.h"
#include "core/policy.h"
#include "core/task_graph.h"
#include "simulator/costs.h"
#include "simulator/fleet.h"
#include "simulator/ports.h"
#include "simulator/simulate.h"

namespace mk::simulator {

struct EngineInput {
  const TaskGraph& graph;
  const Machine& machine;
  const SimulationOptions& options;
  const Fleet& fleet;
  const PlacementTables& tables;  // of the fleet
  Costs& costs;
  const Spreads& spreads;
  const Hops& hops;
  bool may_serve_early = true;  // engine_early.h
};

struct EngineOutcome {
  std::vector<Picoseconds> begins{};  // activation of `begin`, an iteration
  std::vector<Picoseconds> ends{};
  Picoseconds busy = 0;
  Picoseconds scheduling = 0;  // of schedulers: dequeueing and enqueueing
  std::uint64_t tasks = 0;
  std::uint64_t events = 0;
  std::int64_t bytes = 0;  // streamed
};

PortSettings port_settings(const EngineInput& input);

// GB/s that the SMs of a GPC take in together at most; 0: no cap.
double gpc_limit(const Machine& machine, const Mechanisms& mechanisms);

// Which entities of `memory` go through which port, and what that means, where the machine says so:
// entity e runs on SM e % sms of those that a launch fills.
void set_ports(const Machine& machine, const Mechanisms& mechanisms, std::uint32_t sms,
               MemoryServer::Settings& memory);

// The L2 in front of that memory, with the same limits and entities. That its ports are shared as a
// full memory's are has not been seen.
MemoryServer::Settings l2_beside(const MemoryServer::Settings& memory, const Machine& machine);

// How many times as long as on a typical SM a worker's bodies last.
std::vector<double> worker_factors(const EngineInput& input);

// What `slow_worker` adds behind a body that took `duration`: its worker does nothing for so long,
// as on the host backend. What it does not stream meanwhile, others may.
inline Picoseconds injected_idle(const Injections& injections, std::uint32_t worker,
                                 Picoseconds duration) {
  if (injections.slow_workers.empty()) [[likely]]
    return 0;
  return scaled(duration, injections.slow_factor(worker) - 1);
}

// Where a JIT-launched task goes: to the worker that the policy chose, or that the options name.
inline std::uint32_t jit_worker(const SimulationOptions& options, std::uint32_t iteration,
                                const TaskGraph& graph, std::uint32_t task, std::uint32_t chosen) {
  if (options.jit_workers.empty()) [[likely]]
    return chosen;
  const std::uint32_t named =
      options.jit_workers[std::size_t{iteration} * graph.task_count() + task];
  return named == kNoIndex ? chosen : named;
}

}  // namespace mk::simulator
