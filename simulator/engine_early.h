// Engine: schedulers' steps without timers. Included by engine.cpp only.
//
// Under jit a scheduler's workers are fed by it alone, in the order of its steps, and a step reads
// nothing that changes between the activation and the step's own instant: a queue's tasks carry the
// instants at which they can be seen, whoever looks. So a step may be worked out as soon as no
// other event can be published before its own, which the shortest lead tells: what happens from now
// on publishes nothing before now + lead.
//
// Not where a step reads how long queues are at its instant (kShortestQueue), or where storing a
// task takes no time, so that it is seen at the instant of the step itself. A queue that is filled
// early is longer than it should be: where its limit is reached, the run is repeated without.
#pragma once

#include <algorithm>
#include <limits>

#include "simulator/engine.h"

namespace mk::simulator {

// Once an iteration, for its costs.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::plan_early_steps() {
  const bool has_schedulers = fleet_.devices() == 1 && roles_.schedulers > 0;
  const bool reads_depths = policy_.jit_placement == JitPlacement::kShortestQueue;
  const bool takes_time = hops_.enqueue.least(spreads_) > 0;
  const bool fits = !options_.mechanisms.queue_limit ||
                    graph_.event_count() <= machine_.protocol.event_queue_capacity.value;
  serves_early_ = may_serve_early_ && has_schedulers && !reads_depths && takes_time && fits;
  if (!serves_early_) return;
  Picoseconds tail = options_.body_factors.empty() ? kUnknown : 0;
  double fastest = workers_.front().sm_factor;
  for (const WorkerState& w : workers_) fastest = std::min(fastest, w.sm_factor);
  for (const BodyCost& cost : costs_.rows()) {
    tail = std::min(tail, scaled(cost.tail, spreads_.least(cost.spread) * fastest));
  }
  const Picoseconds notify = hops_.notify.least(spreads_) - hops_.l2_swing;
  const Hop& push =
      hops_.broadcast.typical < hops_.activate.typical ? hops_.broadcast : hops_.activate;
  shortest_lead_ = tail + std::max<Picoseconds>(0, notify) + push.least(spreads_);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::publish_early(std::uint32_t scheduler, std::uint32_t event,
                                             Picoseconds instant) {
  // `begin` is published by a step, which has to be over first.
  const bool is_safe = event != 0 && instant <= now_ + shortest_lead_;
  if (is_safe && early_.next() > instant) {
    return step_early({instant, event, scheduler});
  }
  early_.push({instant, event, scheduler});
}

// The steps for all that was published by then. Requires: nothing more will be.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::serve_early(Picoseconds published_by) {
  while (early_.next() <= published_by) step_early(early_.pop());
}

// Of one scheduler, or of all that have to do for the event.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::step_early(const PendingEvents::Entry& entry) {
  const auto step = [&](std::uint32_t scheduler) {
    ++outcome_.events;
    const Picoseconds free_at = schedulers_[scheduler].free_at;
    serve(scheduler, entry.event, poll_after(free_at, entry.published, hops_.scheduler_period));
  };
  if (entry.scheduler != kNoIndex) return step(entry.scheduler);
  const TaskRange* const shares = fleet_.shares_of(entry.event);
  for (std::uint32_t s = 0; s < fleet_.schedulers(); ++s) {
    if (has_work(s, entry.event, share_of(s, entry.event, shares))) step(s);
  }
}

}  // namespace mk::simulator
