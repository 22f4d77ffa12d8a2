// How far SMs share a full memory by port, and what the memory offers them then: from what equal
// streams that begin together get, by how many of them go through the same port.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mk::cuda {

// Streams of equal size that begin at one instant.
struct CrowdedStreams {
  std::vector<std::uint32_t> ports{};  // a port: how many streams go through it
  double alone = 0;                    // GB/s of one that has the memory for itself
};

// GB/s that a stream gets from its start to its end by how many its port has: [streams of a port],
// 0 where no port has so many. `offered`: GB/s of the memory; `contention`: core/port_share.h.
std::vector<double> rates_by_crowd(const CrowdedStreams& streams, double offered,
                                   double contention);

// What the memory offers if the slowest stream gets that much. Requires: slowest < alone.
double offered_to(const CrowdedStreams& streams, double slowest, double contention);

// A measurement: rates by how many streams a port has, 0 where that is not known.
struct CrowdedRates {
  CrowdedStreams streams{};
  std::vector<double> rates{};
};

// The contention that explains best how the others compare with the slowest of each measurement;
// none iff no measurement has two rates.
std::optional<double> fit_port_contention(std::span<const CrowdedRates> measured);

}  // namespace mk::cuda
