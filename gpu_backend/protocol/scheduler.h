// The scheduler's loop, run by all lanes of its team: take activated events from its queue and
// dispatch them, until the run is over.
#pragma once

#include <cstdint>

#include "gpu_backend/protocol/agent.h"

namespace mk::protocol {

// What other devices activated for the scheduler; nothing where there are none.
template <class M, class Program>
class Arrivals {
 public:
  MK_HD Arrivals(const Program&, std::uint32_t) {}
  MK_HD bool pop(Item&) { return false; }
};
template <class M, HasPeers Program>
class Arrivals<M, Program> {
 public:
  MK_HD Arrivals(const Program& program, std::uint32_t scheduler) {
    const Ring<typename M::Peer>* const rings = program.peers().own().arrivals;
    if (rings != nullptr) ring_ = rings + scheduler;
  }
  MK_HD bool pop(Item& event) { return ring_ != nullptr && consumer_.pop(*ring_, &event, 1) != 0; }

 private:
  const Ring<typename M::Peer>* ring_ = nullptr;
  RingConsumer<typename M::Peer> consumer_{};
};

template <class M, class Program, class Probe, class Team = OneLane>
MK_HD void scheduler_loop(const Launch<M>& launch, std::uint32_t scheduler, Program& program,
                          Probe& probe, Team team = {}) {
  Agent<M, Program, Probe, Team> agent(launch, launch.roles.workers + scheduler, program, probe,
                                       team);
  RingConsumer<M> consumer;  // lane 0's
  Arrivals<M, Program> arrivals(program, scheduler);
  const Ring<M> ring = launch.event_rings[scheduler];
  Item event{};
  for (;;) {
    bool goes_on = true;
    if (team.lane() == 0) {
      const Item last = event;
      Wait<M> waiting = agent.wait();
      while (goes_on && consumer.pop(ring, &event, 1) == 0 && !arrivals.pop(event)) {
        goes_on = waiting.turn({Activity::kIdle, last.iteration, last.id});
      }
      goes_on = goes_on && agent.await_event(event);
    }
    if (!team.from_first(goes_on)) return;
    event = team.from_first(event);
    if (!agent.dispatch(scheduler, event, probe.now())) return;
  }
}

}  // namespace mk::protocol
