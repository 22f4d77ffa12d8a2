#include "simulator/engine_input.h"

#include <algorithm>

namespace mk::simulator {

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
  MemoryServer::Settings& link = settings.link;
  link.workers = workers;
  link.limits = {input.machine.link.bandwidth.value};
  link.supply.assign(workers + 1, input.machine.link.bandwidth.value);
  link.smooth_knee = false;
  link.shared = mechanisms.shared_bandwidth;
  return settings;
}

std::vector<double> worker_factors(const EngineInput& input) {
  std::vector<double> factors =
      sm_factors(input.machine, input.fleet.workers(), input.options.roles.workers,
                 input.options.seed, input.options.mechanisms.sm_spread);
  for (std::uint32_t w = 0; w < factors.size(); ++w) {
    factors[w] *= input.options.injections.slow_factor(w);
  }
  return factors;
}

}  // namespace mk::simulator
