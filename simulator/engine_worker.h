// Engine: a worker from task to task. Included by engine.cpp only.
#pragma once

#include <algorithm>

#include "simulator/engine.h"

namespace mk::simulator {

// The worker has nothing to do from `free_at` on: what comes next?
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::settle(std::uint32_t worker) {
  if constexpr (kChoice == Choice::kListed) {
    settle_listed(worker);
  } else if constexpr (kChoice == Choice::kJit) {
    settle_jit(worker);
  } else {
    WorkerState& w = workers_[worker];
    w.stage = Stage::kIdle;
    w.in_hand = w.free_at;
    if (!will_be_told(worker)) return set_timer(worker, w.free_at);
    if (w.aot_next != w.aot_end && !w.registered) {
      wait_for_event(worker, dependent_[tables_.list_tasks[w.aot_next]]);
    }
  }
}

// Whether a hybrid worker's look at `free_at` finds only what look_by() is called for when it comes
// to be known, so that there is no need of that look.
template <Choice kChoice, bool kRecord>
bool Engine<kChoice, kRecord>::will_be_told(std::uint32_t worker) const {
  const WorkerState& w = workers_[worker];
  if (w.jit_head != kNoIndex || policy_.blocking_fifo) return false;
  if (w.aot_next == w.aot_end) return true;
  const std::uint32_t head = tables_.list_tasks[w.aot_next];
  if (w.aot_batch == 0 || events_[dependent_[head]].activated != kUnknown) return false;
  return w.preload != Preload::kNone || !loads_while_it_looks(head);
}

// Whether a hybrid worker that has nothing to run loads for its AOT head. Into rings it does not: a
// JIT task may come in between.
template <Choice kChoice, bool kRecord>
bool Engine<kChoice, kRecord>::loads_while_it_looks(std::uint32_t head) const {
  const BodyCost& cost = cost_rows_[cost_row_[head]];
  return cost.preload > 0 && !cost.in_ring;
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::settle_listed(std::uint32_t worker) {
  WorkerState& w = workers_[worker];
  w.stage = Stage::kIdle;
  if (w.aot_next == w.aot_end) return;
  const std::uint32_t task = tables_.list_tasks[w.aot_next];
  const bool was_in_hand = w.aot_batch > 0;
  if (!was_in_hand) {
    w.aot_fetched = fetch_aot(worker, poll_after(w.free_at, enqueued_[task], hops_.poll_period));
  }
  w.in_hand = std::max(w.free_at, w.aot_fetched);
  const std::uint32_t event = dependent_[task];
  const Picoseconds activated = events_[event].activated;
  w.stage = Stage::kWaiting;
  plan_preload(worker, task, activated, was_in_hand);
  if (activated == kUnknown) return wait_for_event(worker, event);
  begin_after(worker, task, activated);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::settle_jit(std::uint32_t worker) {
  WorkerState& w = workers_[worker];
  w.stage = Stage::kIdle;
  if (w.jit_head == kNoIndex) return;
  const std::uint32_t task = w.jit_head;
  if (w.jit_batch == 0) {
    w.jit_seen = poll_after(w.free_at, enqueued_[task], hops_.poll_period);
    w.jit_fetched = fetch_jit(worker, w.jit_seen);
    w.jit_room = hops_.fetch_batch - w.jit_batch;
  }
  const Picoseconds in_hand = std::max(w.free_at, w.jit_fetched);
  // Who steps at the instant of this poll comes before it.
  w.jit_taken = in_hand == w.jit_seen ? in_hand + 1 : in_hand;
  pop_jit(worker);
  const Picoseconds start =
      in_hand + hops_.dispatch.draw(spreads_, task_bits(task) >> kDispatchBits);
  begin_body(worker, task, start, w.jit_fetched);
}

// A hybrid worker looks at its queues.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::look(std::uint32_t worker, Picoseconds now) {
  WorkerState& w = workers_[worker];
  w.in_hand = now;
  QueueView view;
  view.jit_empty = w.jit_batch == 0 && (w.jit_head == kNoIndex || enqueued_[w.jit_head] > now);
  if (view.jit_empty && w.aot_next != w.aot_end) {
    const std::uint32_t head = tables_.list_tasks[w.aot_next];
    if (w.aot_batch == 0 && enqueued_[head] <= now) {
      w.aot_fetched = fetch_aot(worker, now);
      if (w.aot_fetched > now) {
        w.in_hand = w.aot_fetched;
        return set_timer(worker, w.aot_fetched);
      }
    }
    view.aot_empty = w.aot_batch == 0;
    view.aot_head_ready = !view.aot_empty && events_[dependent_[head]].activated <= now;
  }
  switch (next_queue(policy_, view)) {
    case NextQueue::kJit:
      return take_jit(worker, now);
    case NextQueue::kAot:
      return take_aot(worker, now);
    case NextQueue::kNone:
      return await_news(worker, now);
  }
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::take_jit(std::uint32_t worker, Picoseconds now) {
  WorkerState& w = workers_[worker];
  const std::uint32_t task = w.jit_head;
  if (w.jit_batch == 0) w.jit_fetched = fetch_jit(worker, now);
  w.jit_taken = std::max(now, w.jit_fetched);
  pop_jit(worker);
  const Picoseconds start =
      w.jit_taken + hops_.dispatch.draw(spreads_, task_bits(task) >> kDispatchBits);
  begin_body(worker, task, start, w.jit_fetched);
}

// Takes the head, whose event need not be active where the policy blocks.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::take_aot(std::uint32_t worker, Picoseconds now) {
  WorkerState& w = workers_[worker];
  const std::uint32_t task = tables_.list_tasks[w.aot_next];
  const Picoseconds activated = events_[dependent_[task]].activated;
  w.in_hand = now;
  w.stage = Stage::kWaiting;
  if (activated != kUnknown) return begin_after(worker, task, activated);
  if (!w.registered) wait_for_event(worker, dependent_[task]);
}

// Nothing can be taken now: looks again at the first poll after the next thing that is known to
// come; what is not known yet calls look_by() itself.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::await_news(std::uint32_t worker, Picoseconds now) {
  WorkerState& w = workers_[worker];
  w.stage = Stage::kIdle;
  if (w.jit_head != kNoIndex) look_by(worker, enqueued_[w.jit_head]);
  if (w.aot_next == w.aot_end) return;
  const std::uint32_t head = tables_.list_tasks[w.aot_next];
  if (w.aot_batch == 0) return look_by(worker, enqueued_[head]);
  const Picoseconds activated = events_[dependent_[head]].activated;
  if (w.preload == Preload::kNone && loads_while_it_looks(head)) start_preload(worker, head, now);
  if (activated != kUnknown) return look_by(worker, activated);
  if (!w.registered) wait_for_event(worker, dependent_[head]);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::look_by(std::uint32_t worker, Picoseconds instant) {
  const Picoseconds at = poll_after(workers_[worker].in_hand, instant, hops_.look_period);
  const std::uint64_t key = static_cast<std::uint64_t>(at) << Tournament::kIndexBits | worker;
  if (worker == firing_ || key < timers_.key(worker)) set_timer(worker, at);
}

// Takes the next descriptors of the list that were enqueued by `seen`; when they are there.
template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::fetch_aot(std::uint32_t worker, Picoseconds seen) {
  WorkerState& w = workers_[worker];
  const std::uint32_t task = tables_.list_tasks[w.aot_next];
  const std::uint32_t limit = std::min(hops_.ahead_batch(policy_.kind), w.aot_end - w.aot_next);
  std::uint32_t count = 1;
  while (count < limit && enqueued_[tables_.list_tasks[w.aot_next + count]] <= seen) ++count;
  w.aot_batch = count;
  return seen + hops_.fetch.draw(spreads_, task_bits(task) >> kFetchBits);
}

template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::fetch_jit(std::uint32_t worker, Picoseconds seen) {
  WorkerState& w = workers_[worker];
  std::uint32_t count = 1;
  for (std::uint32_t task = next_in_queue_[w.jit_head];
       count < hops_.fetch_batch && task != kNoIndex && enqueued_[task] <= seen;
       task = next_in_queue_[task]) {
    ++count;
  }
  w.jit_batch = count;
  return seen + hops_.fetch.draw(spreads_, task_bits(w.jit_head) >> kFetchBits);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::pop_jit(std::uint32_t worker) {
  WorkerState& w = workers_[worker];
  w.jit_head = next_in_queue_[w.jit_head];
  if (w.jit_head == kNoIndex) w.jit_tail = kNoIndex;
  --w.jit_batch;
  --w.jit_depth;
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::wait_for_event(std::uint32_t worker, std::uint32_t event) {
  WorkerState& w = workers_[worker];
  w.next_waiter = events_[event].waiters;
  w.registered = true;
  events_[event].waiters = worker;
}

// The AOT head's event is (or will be) active at `ready`.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::begin_after(std::uint32_t worker, std::uint32_t task,
                                           Picoseconds ready) {
  WorkerState& w = workers_[worker];
  const std::uint64_t bits = task_bits(task);
  const Picoseconds observe = hops_.observe.draw(spreads_, bits >> kObserveBits);
  Picoseconds start = poll_after(w.in_hand, ready, hops_.poll_period) +
                      hops_.reach(observe, worker, dependent_[task]);
  if (!books_beside_) start += hops_.dispatch.draw(spreads_, bits >> kDispatchBits);
  if (w.preload == Preload::kPlanned && is_needless(worker, task, ready)) {
    w.preload = Preload::kNone;
  }
  if (w.preload == Preload::kPlanned && w.preload_at < start) {
    // The timer stands at the preload's start, which comes first.
    w.start = start;
    w.start_known = true;
    return;
  }
  w.preloaded = w.preload == Preload::kRunning || w.preload == Preload::kDone ? w.ahead : 0;
  begin_head(worker, task, start);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::begin_head(std::uint32_t worker, std::uint32_t task,
                                          Picoseconds start) {
  WorkerState& w = workers_[worker];
  ++w.aot_next;
  --w.aot_batch;
  if (w.preloaded == 0) w.preload = Preload::kNone;
  begin_body(worker, task, start, w.aot_fetched);
}

// From when on the next task's weights may come: the descriptor is there, and pages are free, which
// is at the body's end, or, if it releases some before that, once all its bytes have come. Into
// rings once the worker waits; but a static list's task that was in hand begins at the body's end.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::plan_preload(std::uint32_t worker, std::uint32_t task,
                                            Picoseconds activated, bool was_in_hand) {
  const BodyCost& cost = cost_rows_[cost_row_[task]];
  if (cost.preload == 0) return;
  WorkerState& w = workers_[worker];
  const bool is_ahead = cost.begins_ahead && was_in_hand && policy_.kind == PolicyKind::kStatic;
  w.preload_at = is_ahead       ? w.body_end
                 : cost.in_ring ? w.in_hand
                                : std::max(w.early > 0 ? w.last_byte : w.body_end, w.aot_fetched);
  if (is_needless(worker, task, activated)) return;
  w.preload = Preload::kPlanned;
  w.start_known = false;
  w.stage = Stage::kToPreload;
  set_timer(worker, w.preload_at);
}

// Whether nothing is loaded into rings for the task, since its event is active before that.
template <Choice kChoice, bool kRecord>
bool Engine<kChoice, kRecord>::is_needless(std::uint32_t worker, std::uint32_t task,
                                           Picoseconds activated) const {
  return cost_rows_[cost_row_[task]].in_ring && activated <= workers_[worker].preload_at;
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::start_preload(std::uint32_t worker, std::uint32_t task,
                                             Picoseconds now) {
  WorkerState& w = workers_[worker];
  const BodyCost& cost = cost_rows_[cost_row_[task]];
  w.preload = Preload::kRunning;
  w.preload_at = now;
  w.ahead = now >= w.body_end ? cost.preload : std::min(cost.preload, w.early);
  stream(fleet_.workers() + worker, cost, w.ahead,
         factor_of(worker, task) * cost.slowness_of_preload(policy_.kind == PolicyKind::kStatic),
         now);
  if (w.stage != Stage::kToPreload) return;  // hybrid: goes on looking
  w.stage = Stage::kWaiting;
  if (!w.start_known) return;
  w.preloaded = w.ahead;
  begin_head(worker, task, w.start);
}

// Whether the end of this stream is the last byte of a body (or of a tile).
template <Choice kChoice, bool kRecord>
bool Engine<kChoice, kRecord>::stream_ended(std::uint32_t entity) {
  if (entity < fleet_.workers()) return true;
  WorkerState& w = workers_[entity - fleet_.workers()];
  if (w.streams_ahead) {
    w.streams_ahead = false;
    return true;
  }
  w.preload = Preload::kDone;
  return false;
}

// The first byte of a tile that was loaded ahead: what is missing comes behind it.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::take_preload(std::uint32_t worker, Picoseconds now) {
  WorkerState& w = workers_[worker];
  const BodyCost& cost = *w.cost;
  const std::int64_t rest = cost.bytes_of_tile(w.tiles_left) - w.preloaded;
  w.compute_end = std::max(w.compute_end, now + scaled(cost.work_off, w.factor));
  const bool running = w.preload == Preload::kRunning;
  w.preload = Preload::kNone;
  w.preloaded = 0;
  w.stage = Stage::kStreaming;
  if (running) {
    w.streams_ahead = true;
    if (cost.route == Route::kMemory) outcome_.bytes += rest;
    memory_.extend(now, fleet_.workers() + worker, cost.route, cost.stream_class, rest,
                   w.factor * cost.slowness_of_tile(w.tiles_left));
  } else if (rest > 0) {
    stream(worker, cost, rest, w.factor * cost.slowness_of_tile(w.tiles_left), now);
  } else {
    last_byte(worker, now);
  }
}

template <Choice kChoice, bool kRecord>
double Engine<kChoice, kRecord>::factor_of(std::uint32_t worker, std::uint32_t task) const {
  if (!options_.body_factors.empty())
    return options_.body_factors[std::size_t{iteration_} * graph_.task_count() + task];
  return spreads_.factor(cost_rows_[cost_row_[task]].spread, task_bits(task) >> kBodyBits) *
         workers_[worker].sm_factor;
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::begin_body(std::uint32_t worker, std::uint32_t task,
                                          Picoseconds start, Picoseconds fetched) {
  WorkerState& w = workers_[worker];
  const BodyCost& cost = cost_rows_[cost_row_[task]];
  w.task = task;
  w.cost = &cost;
  w.fetched = fetched;
  w.start = start;
  w.factor = factor_of(worker, task);
  w.tiles_left = cost.tiles;
  will_use(&events_[triggering_[task]]);
  w.first_data = start + scaled(w.preloaded > 0 ? cost.hold : cost.start_up, w.factor);
  w.compute_end = w.first_data + scaled(cost.input, w.factor);
  if constexpr (kRecord) w.preload_record = w.preloaded > 0 ? w.preload_at : kUnknown;
  w.stage = Stage::kStartUp;
  set_timer(worker, w.first_data);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::stream(std::uint32_t entity, const BodyCost& cost,
                                      std::int64_t bytes, double factor, Picoseconds now) {
  if (cost.route == Route::kMemory) outcome_.bytes += bytes;
  memory_.start(now, entity, cost.route, cost.stream_class, bytes, factor);
}

// The first byte of the next tile can be used.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::first_byte(std::uint32_t worker, Picoseconds now) {
  WorkerState& w = workers_[worker];
  const BodyCost& cost = *w.cost;
  w.compute_end = std::max(w.compute_end, now + scaled(cost.compute, w.factor));
  if (cost.bytes == 0) {
    w.last_byte = w.compute_end;
    return complete(worker, w.compute_end + scaled(cost.tail, w.factor));
  }
  --w.tiles_left;
  if (w.preloaded > 0) return take_preload(worker, now);
  w.stage = Stage::kStreaming;
  stream(worker, cost, cost.bytes_of_tile(w.tiles_left),
         w.factor * cost.slowness_of_tile(w.tiles_left), now);
}

template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::last_byte(std::uint32_t worker, Picoseconds now) {
  WorkerState& w = workers_[worker];
  const BodyCost& cost = *w.cost;
  const Picoseconds done = std::max(now, w.compute_end);
  w.last_byte = now;
  if (w.tiles_left == 0) return complete(worker, done + scaled(cost.tail, w.factor));
  // A hybrid worker's pages may hold its AOT head's weights.
  if (cost.ahead > 0 && w.preload == Preload::kNone) return load_next_tile(worker, now, done);
  w.stage = Stage::kStartUp;
  set_timer(worker, done + scaled(cost.next, w.factor));
}

// The next tile comes right behind this one, which is worked on until `done`.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::load_next_tile(std::uint32_t worker, Picoseconds now,
                                              Picoseconds done) {
  WorkerState& w = workers_[worker];
  const BodyCost& cost = *w.cost;
  w.preload = Preload::kRunning;
  w.preloaded = std::min(cost.ahead, cost.bytes_of_tile(w.tiles_left - 1));
  stream(fleet_.workers() + worker, cost, w.preloaded, w.factor, now);
  w.stage = Stage::kStartUp;
  set_timer(worker, done + scaled(cost.between, w.factor));
}

template <Choice kChoice, bool kRecord>
const Hop& Engine<kChoice, kRecord>::arrival_hop(std::uint32_t worker, std::uint32_t event,
                                                 Route route) const {
  if (fleet_.device_of_worker(worker) == fleet_.device_of_event(event)) return hops_.notify;
  return route == Route::kLink ? hops_.put : hops_.peer_notify;
}

// What an arrival takes longer, since its worker loads ahead for the next task that it has in hand.
template <Choice kChoice, bool kRecord>
Picoseconds Engine<kChoice, kRecord>::behind_requests(std::uint32_t worker) const {
  const WorkerState& w = workers_[worker];
  if (policy_.kind != PolicyKind::kStatic || w.aot_batch == 0) return 0;
  return hops_.behind_requests_for(cost_rows_[cost_row_[tables_.list_tasks[w.aot_next]]]);
}

// The body has done its work at `worked`: arrives at the triggering event, and goes on to the next
// task.
template <Choice kChoice, bool kRecord>
void Engine<kChoice, kRecord>::complete(std::uint32_t worker, Picoseconds worked) {
  WorkerState& w = workers_[worker];
  if (books_beside_) {
    const Picoseconds books = hops_.dispatch.draw(spreads_, task_bits(w.task) >> kDispatchBits);
    worked = std::max(worked, w.start + books);
  }
  const Picoseconds end = worked + injected_idle(options_.injections, worker, worked - w.start);
  const std::uint32_t event = triggering_[w.task];
  EventState& e = events_[event];
  ++outcome_.tasks;
  w.busy += end - w.start;
  w.body_end = end;
  w.early = w.cost->early;
  const Hop& hop = arrival_hop(worker, event, w.cost->route);
  const Picoseconds notify = hop.draw(spreads_, task_bits(w.task) >> kNotifyBits);
  const Picoseconds alone =
      end + notify_delay_ + hops_.reach(notify, worker, event) + behind_requests(worker);
  const bool lost = options_.injections.lost_notify == w.task;
  const Picoseconds arrival = lost ? alone : std::max(alone, e.last_arrival + hops_.contention);
  w.free_at = arrival;
  if constexpr (kRecord) {
    const BodyCost& cost = *w.cost;
    const bool computes = w.compute_end > worked - scaled(cost.tail, w.factor) - 1;
    const Bound bound = cost.bytes == 0 ? Bound::kUnknown
                        : computes      ? Bound::kCompute
                                        : Bound::kMemory;
    recording_.add(
        {w.task, iteration_, worker, w.fetched, events_[dependent_[w.task]].activated,
         w.preload_record, w.start, w.first_data, end, arrival, bound},
        policy_.kind == PolicyKind::kStatic ? kNotTaken : to_nanoseconds(enqueued_[w.task]));
  }
  if (!lost) {
    e.last_arrival = arrival;
    if (--e.missing == 0) activate(worker, event, arrival);
  }
  if (w.stage != Stage::kDispatching) settle(worker);
}

}  // namespace mk::simulator
