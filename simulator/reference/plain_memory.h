// PlainMemory: MemoryServer's sharing, recomputed from nothing at every start and end, with no
// queue but a scan over all streams. Agrees with MemoryServer to the tick: the oracle of whatever
// makes that one faster.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "simulator/memory_server.h"

namespace mk::simulator {

class PlainMemory {
 public:
  explicit PlainMemory(MemoryServer::Settings settings);

  // As those of MemoryServer.
  void start(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class, std::int64_t bytes,
             double slowness);
  void extend(std::int64_t now, std::uint32_t worker, std::uint32_t stream_class,
              std::int64_t bytes, double slowness);
  std::int64_t next_end() const;
  std::uint32_t finish_next();

 private:
  struct Stream {
    std::uint32_t class_index = 0;
    std::uint64_t weight = 0;
    std::uint64_t end = 0;  // on its class's clock
  };
  struct End {
    std::int64_t at = MemoryServer::kNever;
    std::uint32_t worker = 0;
  };
  // Of one limit, in one group.
  struct Class {
    double limit = 0;         // bytes a ps
    double capped = 0;        // what of it the group's level leaves
    std::uint64_t clock = 0;  // bytes a unit of weight since it was last empty
    std::uint64_t rate = 0;
  };

  void advance(std::int64_t now);
  void share();
  void cap_groups();
  double granted(double demanded) const;
  void share_by_groups();
  double level_of_group(std::uint32_t first, double limit) const;
  std::vector<std::uint32_t> sorted_by(double Class::*limit) const;
  std::uint64_t weight_of(std::uint32_t class_index) const;  // of all its streams
  std::uint32_t running() const;
  End first_end() const;

  MemoryServer::Settings settings_;
  std::vector<Class> classes_{};
  std::vector<std::optional<Stream>> streams_{};  // by worker
  std::int64_t now_ = 0;
};

}  // namespace mk::simulator
