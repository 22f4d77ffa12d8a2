// Ports: what streams of a fleet go through. Each device has a memory, where something may hit in
// its L2 that one too, and where there are several devices a port to the links, which what its
// workers put on peers shares.
//
// Entities are workers of the fleet, then the preloads of the same workers. `Server` is
// MemoryServer or PlainMemory. Ends at one instant come in order of memories by device, then L2s,
// then ports.
#pragma once

#include <algorithm>
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
    ends_.assign(servers_.size(), std::numeric_limits<std::int64_t>::max());
    is_changed_.assign(servers_.size(), false);
  }

  // As those of MemoryServer, for the server that the route names. Only bodies go over a link,
  // which has one class.
  void start(std::int64_t now, std::uint32_t entity, Route route, std::uint32_t stream_class,
             std::int64_t bytes, double slowness) {
    if (is_one_) return servers_[0].start(now, entity, stream_class, bytes, slowness);
    const Place place = place_of(entity, route);
    if (route == Route::kLink) stream_class = 0;
    servers_[place.server].start(now, place.local, stream_class, bytes, slowness);
    note_change(place.server);
  }
  void extend(std::int64_t now, std::uint32_t entity, Route route, std::uint32_t stream_class,
              std::int64_t bytes, double slowness) {
    if (is_one_) return servers_[0].extend(now, entity, stream_class, bytes, slowness);
    const Place place = place_of(entity, route);
    servers_[place.server].extend(now, place.local, stream_class, bytes, slowness);
    note_change(place.server);
  }

  bool ends_by(std::int64_t instant) {
    if (is_one_) return servers_[0].ends_by(instant);
    find_next();
    return ends_[next_] <= instant && ends_[next_] != Server::kNever;
  }
  std::int64_t next_end() {
    if (is_one_) return servers_[0].next_end();
    find_next();
    return ends_[next_];
  }
  std::uint32_t finish_next() {
    if (is_one_) return servers_[0].finish_next();
    find_next();
    const std::uint32_t local = servers_[next_].finish_next();
    const std::uint32_t device = next_ % devices_;
    const std::uint32_t kind = local / workers_;
    note_change(next_);
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
  void note_change(std::uint32_t server) {
    if (!is_changed_[server]) changed_.push_back(server);
    is_changed_[server] = true;
  }
  // When somebody asks: once for all that starts and ends at one instant.
  void find_next() {
    if (changed_.empty()) return;
    for (const std::uint32_t server : changed_) {
      ends_[server] = servers_[server].next_end();
      is_changed_[server] = false;
    }
    changed_.clear();
    next_ =
        static_cast<std::uint32_t>(std::min_element(ends_.begin(), ends_.end()) - ends_.begin());
  }

  std::uint32_t devices_;
  std::uint32_t workers_;
  bool is_one_ = true;                    // server: one device's memory
  std::array<std::uint32_t, 3> first_{};  // server of each route
  std::vector<Server> servers_{};
  std::vector<std::int64_t> ends_{};      // of each server, but of those that changed
  std::vector<char> is_changed_{};        // of each server
  std::vector<std::uint32_t> changed_{};  // servers
  std::uint32_t next_ = 0;
};

}  // namespace mk::simulator
