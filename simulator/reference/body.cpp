// ReferenceEngine: a body, its arrival, its event.
#include <algorithm>

#include "simulator/reference/reference_engine.h"

namespace mk::simulator {

double ReferenceEngine::factor_of(std::uint32_t worker, std::uint32_t task) const {
  if (!options_.body_factors.empty())
    return options_.body_factors[std::size_t{iteration_} * graph_.task_count() + task];
  return spreads_.factor(cost_of(task).spread, task_bits(task) >> kBodyBits) *
         workers_[worker].sm_factor;
}

void ReferenceEngine::start_body(std::uint32_t worker, std::uint32_t task, Picoseconds fetched) {
  Worker& w = workers_[worker];
  const BodyCost& cost = cost_of(task);
  w.body.task = task;
  w.body.fetched = fetched;
  w.body.start = now();
  w.body.factor = factor_of(worker, task);
  w.body.tiles_left = cost.tiles;
  w.body.preload = w.body.preloaded > 0 ? w.ahead_at : Recording::kNoPreload;
  w.body.first_data =
      now() + scaled(w.body.preloaded > 0 ? cost.hold : cost.start_up, w.body.factor);
  w.body.compute_end = w.body.first_data + scaled(cost.input, w.body.factor);
  agenda_.at(w.body.first_data, Turn::kWorker, worker, [this, worker] { first_byte(worker); });
}

// The first byte of the next tile can be used.
void ReferenceEngine::first_byte(std::uint32_t worker) {
  Body& body = workers_[worker].body;
  const BodyCost& cost = cost_of(body.task);
  body.compute_end = std::max(body.compute_end, now() + scaled(cost.compute, body.factor));
  if (cost.bytes == 0) {
    workers_[worker].last_byte = body.compute_end;
    return complete(worker, body.compute_end + scaled(cost.tail, body.factor));
  }
  --body.tiles_left;
  if (body.preloaded > 0) return take_preload(worker);
  stream(worker, cost, cost.bytes_of_tile(body.tiles_left),
         body.factor * cost.slowness_of_tile(body.tiles_left));
}

void ReferenceEngine::stream(std::uint32_t entity, const BodyCost& cost, std::int64_t bytes,
                             double factor) {
  if (cost.route == Route::kMemory) outcome_.bytes += bytes;
  memory_.start(now(), entity, cost.route, cost.stream_class, bytes, factor);
}

// What is missing comes behind what was requested ahead.
void ReferenceEngine::take_preload(std::uint32_t worker) {
  Worker& w = workers_[worker];
  const BodyCost& cost = cost_of(w.body.task);
  const std::int64_t rest = cost.bytes_of_tile(w.body.tiles_left) - w.body.preloaded;
  w.body.compute_end = std::max(w.body.compute_end, now() + scaled(cost.work_off, w.body.factor));
  const bool is_running = w.ahead == Ahead::kRunning;
  w.ahead = Ahead::kNone;
  w.body.preloaded = 0;
  if (is_running) {
    w.body.on_preload_stream = true;
    if (cost.route == Route::kMemory) outcome_.bytes += rest;
    memory_.extend(now(), fleet_.workers() + worker, cost.route, cost.stream_class, rest,
                   w.body.factor * cost.slowness_of_tile(w.body.tiles_left));
  } else if (rest > 0) {
    stream(worker, cost, rest, w.body.factor * cost.slowness_of_tile(w.body.tiles_left));
  } else {
    last_byte(worker);
  }
}

void ReferenceEngine::stream_end(std::uint32_t entity) {
  if (entity < fleet_.workers()) return last_byte(entity);
  Worker& w = workers_[entity - fleet_.workers()];
  if (w.body.on_preload_stream) {
    w.body.on_preload_stream = false;
    return last_byte(entity - fleet_.workers());
  }
  w.ahead = Ahead::kDone;
}

void ReferenceEngine::last_byte(std::uint32_t worker) {
  Worker& w = workers_[worker];
  const BodyCost& cost = cost_of(w.body.task);
  const Picoseconds done = std::max(now(), w.body.compute_end);
  w.last_byte = now();
  if (w.body.tiles_left == 0) return complete(worker, done + scaled(cost.tail, w.body.factor));
  Picoseconds next = done + scaled(cost.next, w.body.factor);
  if (cost.ahead > 0 && w.ahead == Ahead::kNone) {
    // The next tile comes right behind this one.
    w.ahead = Ahead::kRunning;
    w.body.preloaded = std::min(cost.ahead, cost.bytes_of_tile(w.body.tiles_left - 1));
    stream(fleet_.workers() + worker, cost, w.body.preloaded, w.body.factor);
    next = done + scaled(cost.between, w.body.factor);
  }
  agenda_.at(next, Turn::kWorker, worker, [this, worker] { first_byte(worker); });
}

// All its bytes have come, and when its work is done is certain: takes its ticket at the counter.
void ReferenceEngine::complete(std::uint32_t worker, Picoseconds worked) {
  Worker& w = workers_[worker];
  if (hops_.keeps_books_beside(policy_.kind)) {
    worked = std::max(worked,
                      w.body.start + draw(hops_.dispatch, task_bits(w.body.task) >> kDispatchBits));
  }
  const Picoseconds end =
      worked + injected_idle(options_.injections, worker, worked - w.body.start);
  w.body.worked = worked;
  w.body.end = end;
  w.body.number = completions_++;
  ++outcome_.tasks;
  outcome_.busy += end - w.body.start;
  if (options_.injections.lost_notify != w.body.task) {
    counters_[graph_.tasks().triggering_event[w.body.task]].tickets.push_back({worker, false});
  }
  if (is_listed() && w.aot_batch > 0) {
    if (!cost_of(w.aot.front()).in_ring) {
      plan_preload(worker, cost_of(w.body.task).early > 0 ? w.last_byte : end);
    } else if (is_static() && cost_of(w.aot.front()).begins_ahead) {
      load_into_ring(worker, end);
    }
  }
  agenda_.at(end, Turn::kHop, w.body.number, [this, worker] { body_end(worker); });
}

const Hop& ReferenceEngine::arrival_hop(std::uint32_t worker, std::uint32_t event) const {
  if (fleet_.device_of_worker(worker) == fleet_.device_of_event(event)) return hops_.notify;
  return cost_of(workers_[worker].body.task).route == Route::kLink ? hops_.put : hops_.peer_notify;
}

// static: its requests for the next task's weights stand in front of its arrival.
Picoseconds ReferenceEngine::behind_requests(std::uint32_t worker) const {
  const Worker& w = workers_[worker];
  if (!is_static() || w.aot_batch == 0) return 0;
  return hops_.behind_requests_for(cost_of(w.aot.front()));
}

void ReferenceEngine::body_end(std::uint32_t worker) {
  const Body& body = workers_[worker].body;
  const std::uint32_t event = graph_.tasks().triggering_event[body.task];
  const Picoseconds notify = draw(arrival_hop(worker, event), task_bits(body.task) >> kNotifyBits);
  const Picoseconds alone = now() + to_picoseconds(options_.injections.notify_delay_us) +
                            hops_.reach(notify, worker, event) + behind_requests(worker);
  if (options_.injections.lost_notify == body.task) {
    agenda_.at(alone, Turn::kHop, body.number, [this, worker] {
      record(worker);
      become_free(worker);
    });
    return;
  }
  agenda_.at(alone, Turn::kHop, body.number, [this, worker, event] {
    for (Counter::Ticket& ticket : counters_[event].tickets) {
      if (ticket.worker == worker) ticket.is_there = true;
    }
    if (counters_[event].tickets.front().worker == worker) arrive_in_turn(event);
  });
}

// The first ticket's worker is there: it arrives once the counter has served the one before.
void ReferenceEngine::arrive_in_turn(std::uint32_t event) {
  const Counter& counter = counters_[event];
  const Picoseconds served = counter.any_arrived ? counter.last_arrival + hops_.contention : now();
  const Body& body = workers_[counter.tickets.front().worker].body;
  agenda_.at(std::max(now(), served), Turn::kHop, body.number, [this, event] { arrive(event); });
}

void ReferenceEngine::arrive(std::uint32_t event) {
  Counter& counter = counters_[event];
  const std::uint32_t worker = counter.tickets.front().worker;
  counter.tickets.pop_front();
  counter.any_arrived = true;
  counter.last_arrival = now();
  record(worker);
  if (--counter.missing == 0) return activate(worker, event);
  if (!counter.tickets.empty() && counter.tickets.front().is_there) arrive_in_turn(event);
  become_free(worker);
}

// Its arrival is over now.
void ReferenceEngine::record(std::uint32_t worker) {
  if (recording_ == nullptr) return;
  const Body& body = workers_[worker].body;
  const BodyCost& cost = cost_of(body.task);
  const bool computes = body.compute_end > body.worked - scaled(cost.tail, body.factor) - 1;
  const Bound bound = cost.bytes == 0 ? Bound::kUnknown
                      : computes      ? Bound::kCompute
                                      : Bound::kMemory;
  recording_->add(
      {body.task, iteration_, worker, body.fetched, *counters_[event_of(body.task)].activated,
       body.preload, body.start, body.first_data, body.end, now(), bound},
      is_static() ? kNotTaken : to_nanoseconds(enqueued_[body.task]));
}

}  // namespace mk::simulator
