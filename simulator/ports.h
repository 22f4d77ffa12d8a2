// Ports: what streams of a fleet go through. Each device has a memory, and where there are several
// a port to the links, which what its workers put on peers shares.
//
// Entities are workers of the fleet, then the preloads of the same workers. `Server` is
// MemoryServer or PlainMemory. Ends at one instant come in order of memories by device, then ports.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "simulator/memory_server.h"

namespace mk::simulator {

struct PortSettings {
  std::uint32_t devices = 1;
  std::uint32_t workers = 1;        // of a device
  MemoryServer::Settings memory{};  // of a device: its workers' bodies, then their preloads
  MemoryServer::Settings link{};    // of a device: its workers
};

template <typename Server>
class Ports {
 public:
  explicit Ports(const PortSettings& settings)
      : devices_(settings.devices), workers_(settings.workers) {
    for (std::uint32_t d = 0; d < devices_; ++d) servers_.emplace_back(settings.memory);
    for (std::uint32_t d = 0; d < devices_ && devices_ > 1; ++d) {
      servers_.emplace_back(settings.link);
    }
  }

  // As those of MemoryServer.
  void start(std::int64_t now, std::uint32_t entity, std::uint32_t stream_class, std::int64_t bytes,
             double slowness) {
    if (devices_ == 1) return servers_[0].start(now, entity, stream_class, bytes, slowness);
    const Place place = place_of(entity);
    servers_[place.device].start(now, place.local, stream_class, bytes, slowness);
    find_next();
  }
  void extend(std::int64_t now, std::uint32_t entity, std::uint32_t stream_class,
              std::int64_t bytes) {
    if (devices_ == 1) return servers_[0].extend(now, entity, stream_class, bytes);
    const Place place = place_of(entity);
    servers_[place.device].extend(now, place.local, stream_class, bytes);
    find_next();
  }
  // `worker` puts `bytes` on a peer.
  void send(std::int64_t now, std::uint32_t worker, std::int64_t bytes, double slowness) {
    const Place place = place_of(worker);
    servers_[devices_ + place.device].start(now, place.local, 0, bytes, slowness);
    find_next();
  }

  bool ends_by(std::int64_t instant) { return servers_[next_].ends_by(instant); }
  std::int64_t next_end() { return servers_[next_].next_end(); }
  std::uint32_t finish_next() {
    const std::uint32_t local = servers_[next_].finish_next();
    if (devices_ == 1) return local;
    const std::uint32_t device = next_ % devices_;
    const std::uint32_t kind = local / workers_;
    find_next();
    return (kind * devices_ + device) * workers_ + local % workers_;
  }

 private:
  struct Place {
    std::uint32_t device, local;
  };
  Place place_of(std::uint32_t entity) const {
    const std::uint32_t kind = entity / (devices_ * workers_);
    const std::uint32_t worker = entity % (devices_ * workers_);
    return {worker / workers_, kind * workers_ + worker % workers_};
  }
  void find_next() {
    next_ = 0;
    for (std::uint32_t s = 1; s < servers_.size(); ++s) {
      if (servers_[s].next_end() < servers_[next_].next_end()) next_ = s;
    }
  }

  std::uint32_t devices_;
  std::uint32_t workers_;
  std::vector<Server> servers_{};
  std::uint32_t next_ = 0;
};

}  // namespace mk::simulator
