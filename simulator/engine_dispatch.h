// Engine: events, dispatchers, iterations. Included by engine.cpp only.
#pragma once

#include <algorithm>

#include <fmt/format.h>

#include "simulator/engine.h"

namespace mk::simulator {

// `worker` made the last arrival at `event`; what it has to do for that keeps it busy.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::activate(std::uint32_t worker, std::uint32_t event,
                                        Picoseconds instant) {
  events_[event].activated = instant;
  const bool is_end = event == graph_.end_event().index;
  if (is_end) outcome_.ends.push_back(instant);
  if constexpr (kHasAot) wake_waiters(event);
  if (!is_end && tables_.launches_jit[event] == 0) {
    if constexpr (kRecord) {
      recording_.record().activations.push_back(
          {event, iteration_, to_nanoseconds(instant), kNotTaken, kNotTaken, {}});
    }
    return;
  }
  if (roles_.schedulers == 0) return dispatch_at(worker, event, instant);
  if (kMayServeEarly && serves_early_) serve_early(now_ + shortest_lead_);
  workers_[worker].free_at = hand_over(fleet_.device_of_worker(worker), event, instant);
}

// With 0 schedulers: `worker` begins the dispatcher's step for `event` at `instant`.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::dispatch_at(std::uint32_t worker, std::uint32_t event,
                                           Picoseconds instant) {
  workers_[worker].stage = Stage::kDispatching;
  workers_[worker].dispatching = event;
  set_timer(worker, instant);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::worker_step(std::uint32_t worker, Picoseconds now) {
  WorkerState& w = workers_[worker];
  const std::uint32_t event = w.dispatching;
  w.dispatching = kNoIndex;
  w.free_at = dispatch(worker, event, now);
  // From `end` it goes on to `begin`.
  if (w.dispatching == kNoIndex) settle(worker);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::wake_waiters(std::uint32_t event) {
  std::uint32_t worker = events_[event].waiters;
  events_[event].waiters = kNoIndex;
  while (worker != kNoIndex) {
    WorkerState& w = workers_[worker];
    const std::uint32_t next = w.next_waiter;
    w.registered = false;
    if (w.stage == Stage::kWaiting || w.stage == Stage::kToPreload) {
      begin_after(worker, tables_.list_tasks[w.aot_next], events_[event].activated);
    } else if (w.stage == Stage::kIdle) {
      look_by(worker, events_[event].activated);
    }
    worker = next;
  }
}

// Somebody on `device` publishes the event to the schedulers that have to do for it; when the last
// publication is done.
template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::hand_over(std::uint32_t device, std::uint32_t event,
                                                Picoseconds instant) {
  const bool is_near = event == 0 || device == fleet_.device_of_event(event);
  const bool is_broadcast = fleet_.is_broadcast(event);
  const Hop& hop = !is_near ? hops_.peer_activate : is_broadcast ? hops_.broadcast : hops_.activate;
  const Picoseconds step = hop.draw(spreads_, event_bits(event) >> kActivateBits);
  if constexpr (kHasJit) will_enqueue(graph_.events().first_task[event]);
  if (!is_broadcast) {
    publish(fleet_.scheduler_of(event), event, instant + step);
    return instant + step;
  }
  Picoseconds published = hops_.one_broadcast ? instant + step : instant;
  if (kMayServeEarly && serves_early_ && hops_.one_broadcast) {
    publish_early(kNoIndex, event, published);
    return published;
  }
  const TaskRange* const shares = fleet_.shares_of(event);
  for (std::uint32_t s = 0; s < fleet_.schedulers(); ++s) {
    published += hops_.look;
    if (!has_work(s, event, share_of(s, event, shares))) continue;
    if (!hops_.one_broadcast) published += step;
    const std::uint32_t peer = fleet_.device_of_dispatcher(s);
    publish(s, event, event == 0 ? begin_seen(device, peer, published) : published);
  }
  return published;
}

// When `device` can see that `from` has published `begin` at `instant`.
template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::begin_seen(std::uint32_t from, std::uint32_t device,
                                                 Picoseconds instant) const {
  if (device == from) return instant;
  return instant + hops_.put.draw(spreads_, event_bits(0, device) >> kPutBits);
}

template <Choice kChoice, bool kRecord>
bool Engine<kChoice, kRecord>::has_work(std::uint32_t scheduler, std::uint32_t event,
                                        const TaskRange& share) const {
  const WorkerRange own = fleet_.workers_of(scheduler);
  if (event == 0 && tables_.list_first[own.end] != tables_.list_first[own.begin]) return true;
  if (share.begin == share.end || tables_.launches_jit[event] == 0) return false;
  for (std::uint32_t task = share.begin; task < share.end; ++task) {
    if (is_jit(task)) return true;
  }
  return false;
}

// As the fleet's; `shares` is its table for the event, where there is one.
template <Choice kChoice, bool kRecord>
TaskRange Engine<kChoice, kRecord>::share_of(std::uint32_t dispatcher, std::uint32_t event,
                                             const TaskRange* shares) const {
  if (shares == nullptr) return fleet_.share_of(dispatcher, event);
  const std::uint32_t first = graph_.events().first_task[event];
  return {first + shares[dispatcher].begin, first + shares[dispatcher].end};
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::publish(std::uint32_t scheduler, std::uint32_t event,
                                       Picoseconds instant) {
  if (kMayServeEarly && serves_early_) return publish_early(scheduler, event, instant);
  PendingEvents& pending = schedulers_[scheduler].pending;
  const bool is_next = pending.push({instant, event, scheduler});
  if (options_.mechanisms.queue_limit &&
      static_cast<double>(pending.size()) > machine_.protocol.event_queue_capacity.value) {
    refuse(
        {ErrorCode::kStuck, fmt::format("the queue of scheduler {} overflows at {} events",
                                        scheduler, machine_.protocol.event_queue_capacity.value)});
  }
  if (is_next) arm_scheduler(scheduler);
}

// Tasks from `first` on.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::will_enqueue(std::uint32_t first) const {
  will_use(enqueued_.data() + first);
  will_use(next_in_queue_.data() + first);
  will_use(cost_row_ + first);
  will_use(triggering_ + first);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::arm_scheduler(std::uint32_t scheduler) {
  const SchedulerState& s = schedulers_[scheduler];
  if (s.pending.empty()) return;
  set_timer(fleet_.workers() + scheduler,
            poll_after(s.free_at, s.pending.front().published, hops_.scheduler_period));
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::scheduler_step(std::uint32_t scheduler, Picoseconds now) {
  serve(scheduler, schedulers_[scheduler].pending.pop().event, now);
  arm_scheduler(scheduler);
}

// The scheduler's step for an event.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::serve(std::uint32_t scheduler, std::uint32_t event,
                                     Picoseconds now) {
  SchedulerState& s = schedulers_[scheduler];
  const std::uint64_t bits = event_bits(event, scheduler);
  const Picoseconds dequeued = now + hops_.dequeue.draw(spreads_, bits >> kDequeueBits);
  s.free_at = dispatch(scheduler, event, dequeued);
  const bool is_end = event == graph_.end_event().index;
  outcome_.scheduling += (is_end ? dequeued : s.free_at) - now;
}

// The dispatcher's step for an activated event; when it is done.
template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::dispatch(std::uint32_t dispatcher, std::uint32_t event,
                                               Picoseconds now) {
  Picoseconds done = now;
  const bool is_end = event == graph_.end_event().index;
  const Picoseconds activated = events_[event].activated;
  const std::uint32_t iteration = iteration_;
  if (is_end) {
    done = end_iteration(dispatcher, now);
  } else {
    if (kHasAot && event == 0) done = enqueue_aot(dispatcher, done);
    if (kHasJit && tables_.launches_jit[event] != 0) done = enqueue_jit(dispatcher, event, done);
  }
  if constexpr (kRecord) {
    const std::uint32_t lane = roles_.schedulers == 0 ? dispatcher : fleet_.workers() + dispatcher;
    recording_.record().activations.push_back({event, iteration, to_nanoseconds(activated),
                                               to_nanoseconds(now),
                                               is_end ? kNotTaken : to_nanoseconds(done), lane});
  }
  return done;
}

template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::enqueue_aot(std::uint32_t dispatcher, Picoseconds now) {
  const WorkerRange own = fleet_.workers_of(dispatcher);
  const std::uint32_t phase = phase_in(own, tables_.phase_step[dispatcher], iteration_);
  const std::uint32_t* const first = tables_.list_first.data();
  const Hop& hop = hops_.store_at_begin(roles_.schedulers);
  begin_lanes(now);
  if (hops_.publish == 0) {
    for_each_aot_row(own, phase, first, tables_.list_tasks.data(),
                     [&](std::uint32_t worker, std::uint32_t task) {
                       Picoseconds& lane = lane_of(own, worker);
                       lane += hop.draw(spreads_, task_bits(task) >> kEnqueueBits);
                       enqueued_[task] = lane;
                     });
  } else {
    for_each_aot_row(own, phase, first, tables_.list_tasks.data(),
                     [&](std::uint32_t worker, std::uint32_t task) {
                       Picoseconds& lane = lane_of(own, worker);
                       lane = store(worker, task, hop, lane);
                     });
  }
  const Picoseconds done = release_all(own);
  for (const Stored& stored : stored_) enqueued_[stored.task] = stored.visible;
  stored_.clear();
  for (std::uint32_t worker = own.begin; worker < own.end; ++worker) {
    WorkerState& w = workers_[worker];
    const std::uint32_t list = list_of(own, worker, phase);
    w.aot_next = first[list];
    w.aot_end = first[list + 1];
    w.aot_batch = 0;
    if (w.aot_end - w.aot_next > queue_capacity_) {
      refuse({ErrorCode::kInvalidInput,
              fmt::format("the queue of worker {} holds {} tasks, but {} are placed on it "
                          "ahead",
                          worker, queue_capacity_, w.aot_end - w.aot_next)});
    }
    if (w.stage != Stage::kIdle || w.aot_next == w.aot_end) continue;
    if constexpr (kChoice == Choice::kListed) {
      settle_listed(worker);
    } else {
      look_by(worker, enqueued_[tables_.list_tasks[w.aot_next]]);
    }
  }
  return done;
}

template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::enqueue_jit(std::uint32_t dispatcher, std::uint32_t event,
                                                  Picoseconds now) {
  const WorkerRange own = fleet_.workers_of(dispatcher);
  const TaskRange share = share_of(dispatcher, event, fleet_.shares_of(event));
  const bool by_depth = policy_.jit_placement == JitPlacement::kShortestQueue;
  Picoseconds done = now;
  touched_.clear();
  for (std::uint32_t task = share.begin; task < share.end; ++task) {
    if (!is_jit(task)) continue;
    if (by_depth) {
      for (std::uint32_t i = 0; i < own.size(); ++i) {
        const WorkerState& w = workers_[own.begin + i];
        jit_depths_[i] = w.jit_depth + (w.jit_taken > now_ ? 1 : 0);
      }
    }
    const std::uint32_t chosen = place_jit(policy_, own, dispatchers_[dispatcher], task,
                                           by_depth ? jit_depths_.data() : nullptr);
    const std::uint32_t worker = jit_worker(options_, iteration_, graph_, task, chosen);
    if (hops_.publish == 0) {
      done += hops_.enqueue.draw(spreads_, task_bits(task) >> kEnqueueBits);
      push_jit(worker, task, done);
    } else {
      done = store(worker, task, hops_.enqueue, done);
      ++workers_[worker].jit_depth;  // for the placement of those behind it
    }
  }
  if (!stored_.empty()) {
    // Each lane goes through the whole share, so that only releases are side by side.
    begin_lanes(done);
    done = release_all(own);
    for (const Stored& stored : stored_) {
      --workers_[stored.worker].jit_depth;
      push_jit(stored.worker, stored.task, stored.visible);
    }
    stored_.clear();
  }
  // Only now, so that a worker's first fetch sees all that is there by then.
  for (const std::uint32_t worker : touched_) {
    if (workers_[worker].stage != Stage::kIdle) continue;
    if constexpr (kChoice == Choice::kJit) {
      settle_jit(worker);
    } else {
      look_by(worker, enqueued_[workers_[worker].jit_head]);
    }
  }
  return done;
}

// Stores a task for `worker`, who sees it when it is released: with as many others as a release
// takes, or at the end of the step, or at once by a worker who is not the queue's only producer.
// When that is done.
template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::store(std::uint32_t worker, std::uint32_t task,
                                            const Hop& hop, Picoseconds now) {
  const Picoseconds done = now + hop.draw(spreads_, task_bits(task) >> kEnqueueBits);
  stored_.push_back({task, worker, staged_[worker], done});
  staged_[worker] = static_cast<std::uint32_t>(stored_.size() - 1);
  const bool is_full = ++staged_count_[worker] == hops_.publish_batch || roles_.schedulers == 0;
  return is_full ? release(worker, done) : done;
}

template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::release(std::uint32_t worker, Picoseconds now) {
  const Picoseconds done = now + hops_.publish;
  for (std::uint32_t i = staged_[worker]; i != kNoIndex; i = stored_[i].before) {
    stored_[i].visible = done;
  }
  staged_[worker] = kNoIndex;
  staged_count_[worker] = 0;
  return done;
}

// What the step has stored and not released: each lane its workers, one after the other. When all
// of them are done.
template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::release_all(const WorkerRange& own) {
  for (std::uint32_t worker = own.begin; worker < own.end && !stored_.empty(); ++worker) {
    Picoseconds& lane = lane_of(own, worker);
    if (staged_count_[worker] > 0) lane = release(worker, lane);
  }
  return *std::max_element(lane_done_.begin(), lane_done_.end());
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::push_jit(std::uint32_t worker, std::uint32_t task,
                                        Picoseconds enqueued) {
  WorkerState& w = workers_[worker];
  next_in_queue_[task] = kNoIndex;
  // Published in order: with several producers a late one holds up those behind it.
  enqueued = w.jit_published = std::max(enqueued, w.jit_published);
  const bool is_fetch_to_come = now_ < w.jit_seen || w.stage == Stage::kStartUp;
  if (kChoice == Choice::kJit && w.jit_room > 0 && enqueued <= w.jit_seen && is_fetch_to_come) {
    ++w.jit_batch;
    --w.jit_room;
  }
  if (w.jit_head == kNoIndex) {
    w.jit_head = task;
    touched_.push_back(worker);
  } else {
    next_in_queue_[w.jit_tail] = task;
  }
  w.jit_tail = task;
  enqueued_[task] = enqueued;
  if (++w.jit_depth > queue_capacity_) {
    refuse({ErrorCode::kStuck,
            fmt::format("the queue of worker {} overflows at {} tasks", worker, queue_capacity_)});
  }
}

// Prepares and begins the next iteration; when the dispatcher is free again.
template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::end_iteration(std::uint32_t dispatcher, Picoseconds now) {
  if (iteration_ + 1 == options_.iterations.size()) {
    done_ = true;
    return now;
  }
  ++iteration_;
  const Picoseconds prepared = now + boundary_cost();
  return begin_iteration(dispatcher,
                         prepared + hops_.notify.draw(spreads_, event_bits(0) >> kBeginBits));
}

template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::boundary_cost() const {
  const double amounts =
      hops_.per_request * static_cast<double>(state().quantity(QuantityKind::kLiveRequests, 0)) +
      hops_.per_page * static_cast<double>(new_pages(graph_, state())) +
      hops_.per_token * static_cast<double>(state().live_tokens());
  return hops_.boundary.draw(spreads_, event_bits(0) >> kBoundaryBits) +
         static_cast<Picoseconds>(amounts + 0.5);
}

// `begin` is activated at `instant`; when the dispatcher that did it is free again.
template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::begin_iteration(std::uint32_t dispatcher,
                                                      Picoseconds instant) {
  outcome_.begins.push_back(instant);
  task_draws_ = RandomStream(options_.seed, iteration_, kTaskDraws);
  event_draws_ = RandomStream(options_.seed, iteration_, kEventDraws);
  if (iteration_ <= 1 || !(state() == options_.iterations[iteration_ - 1])) {
    costs_.evaluate(state(), iteration_ > 0);
  }
  cost_rows_ = costs_.rows().data();
  if constexpr (kMayServeEarly) plan_early_steps();
  for (std::uint32_t e = 0; e < graph_.event_count(); ++e) {
    events_[e] = EventState{kUnknown, kLongAgo, graph_.events().trigger_count[e], kNoIndex};
  }
  events_[0].activated = instant;
  events_[0].missing = 0;
  const std::uint32_t from = fleet_.device_of_dispatcher(dispatcher);
  if (policy_.kind == PolicyKind::kStatic) {
    if constexpr (kRecord) {
      recording_.record().activations.push_back(
          {0, iteration_, to_nanoseconds(instant), kNotTaken, kNotTaken, {}});
    }
    for (std::uint32_t d = 0; d < fleet_.devices(); ++d) {
      start_static_workers(d, begin_seen(from, d, instant));
    }
    return instant;
  }
  if (roles_.schedulers > 0) return hand_over(from, 0, instant);
  // On each device a worker does it: the one that goes on from `end`, the first one of the others.
  for (std::uint32_t d = 0; d < fleet_.devices(); ++d) {
    const std::uint32_t first = d * roles_.workers;
    if (d == from) {
      dispatch_at(dispatcher, 0, instant);
    } else {
      dispatch_at(
          first, 0,
          poll_after(workers_[first].free_at, begin_seen(from, d, instant), hops_.poll_period));
    }
  }
  return instant;
}

// Each worker sees at its next poll that the iteration has begun, and walks its list.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::start_static_workers(std::uint32_t device, Picoseconds begun) {
  const std::uint32_t first = device * roles_.workers;
  for (std::uint32_t worker = first; worker < first + roles_.workers; ++worker) {
    WorkerState& w = workers_[worker];
    w.aot_next = tables_.list_first[worker];
    w.aot_end = tables_.list_first[worker + 1];
    w.aot_batch = 0;
    w.free_at = poll_after(w.free_at, begun, hops_.poll_period);
    if (w.stage == Stage::kIdle) settle(worker);
  }
}

}  // namespace mk::simulator
