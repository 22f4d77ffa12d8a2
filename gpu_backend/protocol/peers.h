// Peers: what a device of several knows of the others. A graph for several devices is run by one
// Launch a device, each with its own workers, schedulers, queues, counters and `end`; what crosses
// from one device to another goes through here, and through nothing else.
//
//   - An event's counter is on the device of the tasks that wait for it. A task of another device
//     adds to it there (a put does, behind its data), and where that activates an event that
//     launches JIT tasks, hands the event to a queue of that device's scheduler.
//   - Each device has an `end` of its own. It counts the device's tasks before the graph's `end`,
//     and besides those that notify another device: once it is reached, nothing is left to do
//     there. Whoever dispatches it then tells every peer, waits until all peers have told it
//     (`boundary`), and begins the next iteration: at most one is in flight on all devices
//     together.
//   - prepare() is called on every device, and must answer the same on all.
//
// Memory order across devices is that of the policy M::Peer: cells of M, at the scope of the whole
// system. Every access to a cell that several devices write goes through it, also the owner's.
//
// A program that runs on one of several devices has peers(); all of this is compiled out without.
#pragma once

#include <concepts>
#include <cstdint>

#include "gpu_backend/protocol/launch.h"

namespace mk::protocol {

// A TaskWord's events, where there are peers: the event in the low bits, above it (triggering only)
// the device that has the counter, plus 1 if that is another one, and on top whether tasks of
// several devices notify it.
inline constexpr std::uint32_t kEventBits = 24;
inline constexpr std::uint32_t kSharedEvent = 1U << 31;
inline constexpr std::uint32_t kMaxPeers = 64;
static_assert(kMaxPeers < 1U << (31 - kEventBits));

MK_HD constexpr std::uint32_t peer_event(std::uint32_t event, std::uint32_t device) {
  return event | (device + 1) << kEventBits;
}
MK_HD constexpr std::uint32_t event_of(std::uint32_t word) {
  return word & ((1U << kEventBits) - 1);
}
MK_HD constexpr std::uint32_t device_field(std::uint32_t word) {
  return (word & ~kSharedEvent) >> kEventBits;
}
MK_HD constexpr bool is_shared(std::uint32_t word) { return (word & kSharedEvent) != 0; }
// Is it an event of another device, and which one?
MK_HD constexpr bool is_remote(std::uint32_t word) { return device_field(word) != 0; }
MK_HD constexpr std::uint32_t peer_of(std::uint32_t word) { return device_field(word) - 1; }

template <class M>
struct PeerDevice {
  typename M::template atom<std::uint32_t>* counters = nullptr;  // an event
  typename M::template atom<std::uint32_t>* boundary = nullptr;  // ends that peers have told it
  // A scheduler: activated events from other devices. Null where the policy launches nothing JIT.
  const Ring<typename M::Peer>* arrivals = nullptr;
};

template <class M>
struct Peers {
  std::uint32_t device = 0;  // the own one
  std::uint32_t devices = 1;
  const PeerDevice<M>* of_device = nullptr;  // the own one included

  MK_HD const PeerDevice<M>& own() const { return of_device[device]; }
};

template <class Program>
concept HasPeers = requires(const Program& program) {
  program.peers().devices;
};

}  // namespace mk::protocol
