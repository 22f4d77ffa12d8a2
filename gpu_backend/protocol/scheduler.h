// The scheduler's loop, run by all lanes of its team: take activated events from its queue and
// dispatch them, until the run is over.
#pragma once

#include <cstdint>

#include "gpu_backend/protocol/agent.h"

namespace mk::protocol {

template <class M, class Program, class Probe, class Team = OneLane>
MK_HD void scheduler_loop(const Launch<M>& launch, std::uint32_t scheduler, Program& program,
                          Probe& probe, Team team = {}) {
  Agent<M, Program, Probe, Team> agent(launch, launch.roles.workers + scheduler, program, probe,
                                       team);
  RingConsumer<M> consumer;  // lane 0's
  const Ring<M> ring = launch.event_rings[scheduler];
  Item event{};
  for (;;) {
    bool goes_on = true;
    if (team.lane() == 0) {
      const Item last = event;
      Wait<M> waiting = agent.wait();
      while (goes_on && consumer.pop(ring, &event, 1) == 0) {
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
