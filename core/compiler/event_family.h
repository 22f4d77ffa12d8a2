// A family of events: those between one set of producers and the one set of consumers that all of
// them have on one device, which holds the counters. Each tile of each member belongs to exactly
// one event of the family, so a task needs one trigger and one dependency for it, forks and joins
// included.
//
// Tiles that must be ordered get the same event: their coordinates are merged, axis by axis, until
// that holds (union-find over coordinates). With aligned cuts the result is the gcd rule in closed
// form: gcd(producer parts, consumer parts) events a dimension, and at forks and joins the least
// common multiple of the branches' blocks.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/compiler/dependencies.h"

namespace mk::compiler {

class EventFamily {
 public:
  // Every producer has an edge to every consumer. `barrier`: a single event.
  EventFamily(const PartitionedGraph& graph, const DependencyGraph& dependencies,
              std::vector<std::uint32_t> producers, std::vector<std::uint32_t> consumers,
              bool barrier);

  const std::vector<std::uint32_t>& producers() const { return producers_; }
  const std::vector<std::uint32_t>& consumers() const { return consumers_; }
  std::uint32_t events() const { return events_; }
  std::uint8_t device() const { return device_; }  // of the consumers

  // The event of a tile, 0 .. events() - 1. `member`: index into producers, then consumers.
  std::uint32_t event_of(std::size_t member, const Grid& grid, std::uint32_t tile) const;

 private:
  std::vector<std::uint32_t> producers_;
  std::vector<std::uint32_t> consumers_;
  std::uint32_t events_ = 1;
  std::uint8_t device_ = 0;
  // By member and axis: what a coordinate adds to the event's index.
  std::vector<std::array<std::vector<std::uint32_t>, 3>> weight_{};
};

// Groups producers that have the same consumers on a device. Each operator is a producer of at most
// one family a device. `is_barrier` (by edge) marks edges whose family has a single event.
std::vector<EventFamily> event_families(const PartitionedGraph& graph,
                                        const DependencyGraph& dependencies,
                                        const std::vector<bool>& is_barrier);

}  // namespace mk::compiler
