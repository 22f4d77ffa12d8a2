#include "simulator/engine_input.h"

#include <algorithm>

namespace mk::simulator {
namespace {

// The first iteration finds nothing there.
bool may_hit_l2(const EngineInput& input) {
  const std::vector<IterationState>& iterations = input.options.iterations;
  return std::any_of(iterations.begin() + 1, iterations.end(),
                     [&](const IterationState& state) { return input.costs.fits_l2(state); });
}

}  // namespace

double gpc_limit(const Machine& machine, const Mechanisms& mechanisms) {
  return mechanisms.gpc_cap ? machine.gpc_bandwidth.value : 0;
}

void set_ports(const Machine& machine, const Mechanisms& mechanisms, std::uint32_t sms,
               MemoryServer::Settings& memory) {
  memory.group_limit = gpc_limit(machine, mechanisms);
  memory.port_contention = mechanisms.port_shares ? machine.port_contention.value : 0;
  if (memory.group_limit <= 0 && memory.port_contention <= 0) return;
  for (std::uint32_t entity = 0; entity < memory.workers; ++entity) {
    memory.group_of.push_back(machine.port_of(entity % sms));
  }
}

MemoryServer::Settings l2_beside(const MemoryServer::Settings& memory, const Machine& machine) {
  MemoryServer::Settings l2 = memory;
  l2.supply.assign(memory.workers + 1, machine.memory.l2_bandwidth.value);
  l2.port_contention = 0;
  if (l2.group_limit <= 0) l2.group_of.clear();
  return l2;
}

PortSettings port_settings(const EngineInput& input) {
  const Mechanisms& mechanisms = input.options.mechanisms;
  const std::uint32_t workers = input.options.roles.workers;
  PortSettings settings{input.fleet.devices(), workers};
  MemoryServer::Settings& memory = settings.memory;
  memory.workers = 2 * workers;
  memory.limits = input.costs.limits();
  for (std::uint32_t n = 0; n <= memory.workers; ++n) {
    memory.supply.push_back(input.machine.bandwidth_at(std::min(n, workers)));
  }
  memory.smooth_knee = mechanisms.smooth_knee;
  memory.shared = mechanisms.shared_bandwidth;
  set_ports(input.machine, mechanisms, workers, memory);
  settings.has_l2 = may_hit_l2(input);
  settings.l2 = l2_beside(memory, input.machine);
  settings.l2.limits = input.costs.l2_limits();
  MemoryServer::Settings& link = settings.link;
  link.workers = workers;
  link.limits = {input.machine.link.bandwidth.value};
  link.supply.assign(workers + 1, input.machine.link.bandwidth.value);
  link.smooth_knee = false;
  link.shared = mechanisms.shared_bandwidth;
  return settings;
}

std::vector<double> worker_factors(const EngineInput& input) {
  return sm_factors(input.machine, input.fleet.workers(), input.options.roles.workers,
                    input.options.seed, input.options.mechanisms.sm_spread);
}

}  // namespace mk::simulator
