#include "gpu_backend/cuda/microbench/port_fit.h"

#include <algorithm>
#include <cmath>

#include "core/machine.h"
#include "core/port_share.h"

namespace mk::cuda {
namespace {

std::uint32_t most_crowded(const CrowdedStreams& streams) {
  return *std::ranges::max_element(streams.ports);
}

// The last rate that is known: of the most crowded ports, whose streams are the slowest.
double slowest_of(std::span<const double> rates) {
  for (std::size_t k = rates.size(); k-- > 0;) {
    if (rates[k] > 0) return rates[k];
  }
  return 0;
}

}  // namespace

// The ports with as many streams are alike, so that an end is one of all their streams.
std::vector<double> rates_by_crowd(const CrowdedStreams& streams, double offered,
                                   double contention) {
  const std::uint32_t most = most_crowded(streams);
  std::vector<double> left(most + 1, 0), rates(most + 1, 0);
  for (const std::uint32_t k : streams.ports) left[k] = k > 0 ? 1 : 0;
  std::vector<PortDemand> ports(streams.ports.size());
  double now = 0;
  for (;;) {
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const std::uint32_t k = left[streams.ports[i]] > 0 ? streams.ports[i] : 0;
      ports[i] = {k, k * streams.alone};
    }
    const double demanded = demanded_by(ports);
    if (demanded <= 0) return rates;
    share_by_port(ports, smooth_minimum(demanded, offered), contention);
    double until_end = INFINITY;
    for (const PortDemand& port : ports) {
      if (port.streams == 0) continue;
      until_end = std::min(until_end, left[port.streams] * port.streams / port.allowed);
    }
    now += until_end;
    std::vector<double> next = left;
    for (const PortDemand& port : ports) {
      if (port.streams == 0) continue;
      constexpr double kRounding = 1e-12;
      const double missing = left[port.streams] - until_end * port.allowed / port.streams;
      next[port.streams] = missing > kRounding ? missing : 0;
      if (next[port.streams] == 0) rates[port.streams] = 1 / now;
    }
    left = std::move(next);
  }
}

double offered_to(const CrowdedStreams& streams, double slowest, double contention) {
  double low = slowest, high = 1e6;
  for (int step = 0; step < 60; ++step) {
    const double middle = std::sqrt(low * high);
    const bool is_enough = slowest_of(rates_by_crowd(streams, middle, contention)) > slowest;
    (is_enough ? high : low) = middle;
  }
  return high;
}

std::optional<double> fit_port_contention(std::span<const CrowdedRates> measured) {
  const auto is_known = [](double rate) { return rate > 0; };
  std::optional<double> best;
  double least = 0;
  for (int hundredths = 1; hundredths <= 100; ++hundredths) {
    const double contention = hundredths * 0.01;
    double error = 0;
    bool says_something = false;
    for (const CrowdedRates& m : measured) {
      if (std::ranges::count_if(m.rates, is_known) < 2) continue;
      says_something = true;
      const double offered = offered_to(m.streams, slowest_of(m.rates), contention);
      const std::vector<double> rates = rates_by_crowd(m.streams, offered, contention);
      for (std::size_t k = 0; k < std::min(rates.size(), m.rates.size()); ++k) {
        if (rates[k] > 0 && m.rates[k] > 0) error += std::pow(std::log(rates[k] / m.rates[k]), 2);
      }
    }
    if (!says_something) return std::nullopt;
    if (!best || error < least) {
      best = contention;
      least = error;
    }
  }
  return best;
}

}  // namespace mk::cuda
