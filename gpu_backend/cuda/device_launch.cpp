#include "gpu_backend/cuda/device_launch.h"

#include <cstring>
#include <vector>

namespace mk::cuda {
namespace {

// Turns of a waiting thread sleep so long.
constexpr std::uint32_t kSleepNs = 20;

// Rings as large as the host's, empty.
template <class M>
std::vector<protocol::Ring<M>> empty_rings(DeviceImage& image,
                                           const protocol::Ring<HostMemory>* rings,
                                           std::uint32_t count) {
  std::vector<protocol::Ring<M>> placed;
  for (std::uint32_t i = 0; i < count; ++i) {
    protocol::Ring<M> ring;
    ring.slots = image.zeros<typename protocol::Ring<M>::Slot>(std::size_t{rings[i].mask} + 1);
    ring.head = image.zeros<typename protocol::Ring<M>::Position>(1);
    ring.tail = image.zeros<typename protocol::Ring<M>::Position>(1);
    ring.mask = rings[i].mask;
    ring.shift = rings[i].shift;
    placed.push_back(ring);
  }
  return placed;
}

}  // namespace

PeerTables PeerTables::reserve(DeviceImage& image, std::uint32_t devices,
                               std::uint32_t schedulers) {
  PeerTables tables;
  tables.devices_ = devices;
  tables.schedulers_ = schedulers;
  tables.begin_ = image.zeros<std::byte>(
      devices * (sizeof(Entry) + std::size_t{schedulers} * sizeof(Arrivals)));
  return tables;
}

std::vector<PeerTables::Entry> PeerTables::entries(
    const std::vector<DevicePeerCells>& cells) const {
  std::vector<Entry> entries;
  const auto* rings = reinterpret_cast<const Arrivals*>(begin_ + devices_ * sizeof(Entry));
  for (const DevicePeerCells& of_device : cells) {
    const bool has_arrivals = !of_device.arrivals.empty();
    entries.push_back({of_device.counters, of_device.boundary, has_arrivals ? rings : nullptr});
    rings += of_device.arrivals.size();
  }
  return entries;
}

std::vector<std::byte> PeerTables::bytes(const std::vector<DevicePeerCells>& cells) const {
  const std::vector<Entry> entries = this->entries(cells);
  std::vector<Arrivals> rings;
  for (const DevicePeerCells& of_device : cells) {
    rings.insert(rings.end(), of_device.arrivals.begin(), of_device.arrivals.end());
  }
  std::vector<std::byte> all(entries.size() * sizeof(Entry) + rings.size() * sizeof(Arrivals));
  std::memcpy(all.data(), entries.data(), entries.size() * sizeof(Entry));
  if (!rings.empty()) {
    std::memcpy(all.data() + entries.size() * sizeof(Entry), rings.data(),
                rings.size() * sizeof(Arrivals));
  }
  return all;
}

protocol::Peers<DeviceMemory> PeerTables::peers(std::uint32_t own) const {
  return {own, devices_, reinterpret_cast<const Entry*>(begin_)};
}

DevicePeerCells DeviceLaunch::place_peer_cells(DeviceImage& image,
                                               const protocol::Launch<DeviceMemory>& launch) const {
  DevicePeerCells cells;
  cells.counters = launch.counters;
  cells.boundary = image.zeros<DeviceCell<std::uint32_t>>(1);
  const protocol::Ring<HostMemory>* const arrivals = storage_.as_peer().arrivals;
  if (arrivals != nullptr) {
    cells.arrivals = empty_rings<SystemMemory>(image, arrivals, launch.roles.schedulers);
  }
  return cells;
}

DeviceLaunch::DeviceRing* DeviceLaunch::place_rings(DeviceImage& image,
                                                    const protocol::Ring<HostMemory>* rings,
                                                    std::uint32_t count) {
  if (rings == nullptr) return nullptr;
  return image.add(empty_rings<DeviceMemory>(image, rings, count));
}

protocol::Launch<DeviceMemory> DeviceLaunch::place(DeviceImage& image) const {
  const protocol::Launch<HostMemory>& host = storage_.launch();
  const Roles& roles = host.roles;
  protocol::Launch<DeviceMemory> launch;
  launch.policy = host.policy;
  launch.roles = roles;
  launch.tasks = image.add(host.tasks, graph_.task_count());
  launch.events = image.add(host.events, graph_.event_count());
  launch.end_event = host.end_event;
  launch.end_count = host.end_count;
  launch.jit_launched = image.add(host.jit_launched, graph_.task_count());
  launch.list_first = image.add(host.list_first, std::size_t{roles.workers} + 1);
  launch.list_tasks = image.add(host.list_tasks, host.list_first[roles.workers]);
  launch.phase_step = image.add(host.phase_step, roles.dispatchers());
  // One more than events: an injected loss notifies it.
  launch.counters = image.zeros<DeviceCell<std::uint32_t>>(std::size_t{graph_.event_count()} + 1);
  launch.aot_rings = place_rings(image, host.aot_rings, roles.workers);
  launch.jit_rings = place_rings(image, host.jit_rings, roles.workers);
  launch.event_rings = place_rings(image, host.event_rings, roles.schedulers);
  using Producer = protocol::RingProducer<DeviceMemory>;
  const std::vector<Producer> producers(roles.workers);
  launch.aot_producers = image.add(producers);
  launch.jit_producers = image.add(producers);
  launch.dispatchers = image.add(host.dispatchers, roles.dispatchers());
  launch.depths = image.zeros<std::uint32_t>(std::size_t{roles.dispatchers()} * roles.workers);
  launch.control = image.zeros<protocol::Control<DeviceMemory>>(1);
  launch.where = image.zeros<protocol::WhereCell<DeviceMemory>>(launch.lanes());
  launch.deadline_ns = host.deadline_ns;
  launch.spin_turns = kSleepNs;
  launch.notify_delay_ns = host.notify_delay_ns;
  return launch;
}

Status DeviceLaunch::outcome(const protocol::Launch<DeviceMemory>& launch, const std::byte* base,
                             std::span<const std::byte> image) const {
  const auto value = [&](const auto& cell) {
    std::remove_cvref_t<decltype(cell.value)> v;
    std::memcpy(&v, image.data() + (reinterpret_cast<const std::byte*>(&cell) - base), sizeof v);
    return v;
  };
  const protocol::Launch<HostMemory>& host = storage_.launch();
  for (std::uint32_t e = 0; e < graph_.event_count(); ++e) {
    host.counters[e].store(value(launch.counters[e]));
  }
  for (std::uint32_t lane = 0; lane < launch.lanes(); ++lane) {
    host.where[lane].word.store(value(launch.where[lane].word));
  }
  host.control->halt.store(value(launch.control->halt));
  host.control->failure.store(value(launch.control->failure));
  return storage_.outcome(graph_);
}

}  // namespace mk::cuda
