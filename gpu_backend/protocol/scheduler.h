// The scheduler's loop: take activated events from its queue and dispatch them, until the run is
// over.
#pragma once

#include <cstdint>

#include "gpu_backend/protocol/agent.h"

namespace mk::protocol {

template <class M, class Program, class Probe>
MK_HD void scheduler_loop(const Launch<M>& launch, std::uint32_t scheduler, Program& program,
                          Probe& probe) {
  Agent<M, Program, Probe> agent(launch, launch.roles.workers + scheduler, program, probe);
  RingConsumer<M> consumer;
  Item event{};
  for (;;) {
    const Item last = event;
    Wait<M> waiting = agent.wait();
    while (consumer.pop(launch.event_rings[scheduler], &event, 1) == 0) {
      if (!waiting.turn({Activity::kIdle, last.iteration, last.id})) return;
    }
    if (!agent.dispatch(scheduler, event, probe.now())) return;
  }
}

}  // namespace mk::protocol
