// Ports: what streams of a fleet go through. Each device has a memory, where something may hit in
// its L2 that one too, and where there are several devices a port to the links, which what its
// workers put on peers shares.
//
// Entities are workers of the fleet, then the preloads of the same workers. `Server` is
// MemoryServer or PlainMemory. Ends at one instant come in order of memories by device, then L2s,
// then ports.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "simulator/costs.h"
#include "simulator/memory_server.h"

namespace mk::simulator {

struct PortSettings {
  std::uint32_t devices = 1;
  std::uint32_t workers = 1;        // of a device
  MemoryServer::Settings memory{};  // of a device: its workers' bodies, then their preloads
  bool has_l2 = false;
  MemoryServer::Settings l2{};    // the same
  MemoryServer::Settings link{};  // of a device: its workers
};

template <typename Server>
class Ports {
 public:
  explicit Ports(const PortSettings& settings)
      : devices_(settings.devices), workers_(settings.workers) {
    const auto add = [&](const MemoryServer::Settings& server) {
      const auto first = static_cast<std::uint32_t>(servers_.size());
      for (std::uint32_t d = 0; d < devices_; ++d) servers_.emplace_back(server);
      return first;
    };
    first_[0] = add(settings.memory);
    if (settings.has_l2) first_[1] = add(settings.l2);
    if (devices_ > 1) first_[2] = add(settings.link);
    is_one_ = servers_.size() == 1;
  }

  // As those of MemoryServer, for the server that the route names. Only bodies go over a link,
  // which has one class.
  void start(std::int64_t now, std::uint32_t entity, Route route, std::uint32_t stream_class,
             std::int64_t bytes, double slowness) {
    if (is_one_) return servers_[0].start(now, entity, stream_class, bytes, slowness);
    const Place place = place_of(entity, route);
    if (route == Route::kLink) stream_class = 0;
    servers_[place.server].start(now, place.local, stream_class, bytes, slowness);
    find_next();
  }
  void extend(std::int64_t now, std::uint32_t entity, Route route, std::uint32_t stream_class,
              std::int64_t bytes) {
    if (is_one_) return servers_[0].extend(now, entity, stream_class, bytes);
    const Place place = place_of(entity, route);
    servers_[place.server].extend(now, place.local, stream_class, bytes);
    find_next();
  }

  bool ends_by(std::int64_t instant) { return servers_[next_].ends_by(instant); }
  std::int64_t next_end() { return servers_[next_].next_end(); }
  std::uint32_t finish_next() {
    const std::uint32_t local = servers_[next_].finish_next();
    if (is_one_) return local;
    const std::uint32_t device = next_ % devices_;
    const std::uint32_t kind = local / workers_;
    find_next();
    return (kind * devices_ + device) * workers_ + local % workers_;
  }

 private:
  struct Place {
    std::uint32_t server, local;
  };
  Place place_of(std::uint32_t entity, Route route) const {
    const std::uint32_t kind = entity / (devices_ * workers_);
    const std::uint32_t worker = entity % (devices_ * workers_);
    return {first_[static_cast<std::size_t>(route)] + worker / workers_,
            kind * workers_ + worker % workers_};
  }
  void find_next() {
    next_ = 0;
    for (std::uint32_t s = 1; s < servers_.size(); ++s) {
      if (servers_[s].next_end() < servers_[next_].next_end()) next_ = s;
    }
  }

  std::uint32_t devices_;
  std::uint32_t workers_;
  bool is_one_ = true;                    // server: one device's memory
  std::array<std::uint32_t, 3> first_{};  // server of each route
  std::vector<Server> servers_{};
  std::uint32_t next_ = 0;
};

}  // namespace mk::simulator
