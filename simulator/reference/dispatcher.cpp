// ReferenceEngine: activated events on their way to their tasks' queues.
#include <algorithm>

#include "simulator/reference/reference_engine.h"

namespace mk::simulator {

// `worker` made the last arrival.
void ReferenceEngine::activate(std::uint32_t worker, std::uint32_t event) {
  counters_[event].activated = now();
  const bool is_end = event == graph_.end_event().index;
  if (is_end) outcome_.ends.push_back(now());
  if (!is_end && tables_.launches_jit[event] == 0) {
    if (recording_ != nullptr) {
      recording_->record().activations.push_back(
          {event, iteration_, to_nanoseconds(now()), kNotTaken, kNotTaken, {}});
    }
    return become_free(worker);
  }
  if (roles_.schedulers == 0) {
    agenda_.at(now(), Turn::kWorker, worker,
               [this, worker, event] { dispatch(worker, event, now()); });
    return;
  }
  const std::uint32_t number = workers_[worker].body.number;
  agenda_.at(hand_over(fleet_.device_of_worker(worker), event, number), Turn::kHop, number,
             [this, worker] { become_free(worker); });
}

// Somebody on `device` publishes the event, from now on, to the schedulers that have to do for it;
// when the last publication is done.
Picoseconds ReferenceEngine::hand_over(std::uint32_t device, std::uint32_t event,
                                       std::uint32_t rank) {
  const bool is_near = event == 0 || device == fleet_.device_of_event(event);
  const bool is_broadcast = fleet_.is_broadcast(event);
  const Hop& hop = is_broadcast ? hops_.broadcast : hops_.activate;
  const Picoseconds step =
      draw(is_near ? hop : hops_.peer_activate, event_bits(event) >> kActivateBits);
  const auto publish = [&](std::uint32_t s, Picoseconds at) {
    agenda_.at(at, Turn::kHop, rank,
               [this, s, event] { schedulers_[s].published.push_back(event); });
  };
  if (!is_broadcast) {
    publish(fleet_.scheduler_of(event), now() + step);
    return now() + step;
  }
  Picoseconds published = hops_.one_broadcast ? now() + step : now();
  for (std::uint32_t s = 0; s < fleet_.schedulers(); ++s) {
    published += hops_.look;
    if (!has_work(s, event)) continue;
    if (!hops_.one_broadcast) published += step;
    const std::uint32_t peer = fleet_.device_of_dispatcher(s);
    publish(s, event == 0 ? begin_seen(device, peer, published) : published);
  }
  return published;
}

bool ReferenceEngine::has_work(std::uint32_t scheduler, std::uint32_t event) const {
  const WorkerRange own = fleet_.workers_of(scheduler);
  if (event == 0 && tables_.list_first[own.end] != tables_.list_first[own.begin]) return true;
  const TaskRange share = fleet_.share_of(scheduler, event);
  for (std::uint32_t task = share.begin; task < share.end; ++task) {
    if (is_jit_launched(policy_.kind, graph_.tasks().label[task])) return true;
  }
  return false;
}

// The scheduler is free, and looks for an event.
void ReferenceEngine::poll_events(std::uint32_t scheduler) {
  agenda_.poll(now(), hops_.scheduler_period, Turn::kScheduler, scheduler, [this, scheduler] {
    auto& published = schedulers_[scheduler].published;
    if (published.empty()) return false;
    const std::uint32_t event = published.front();
    published.pop_front();
    const Picoseconds dequeue = draw(hops_.dequeue, event_bits(event, scheduler) >> kDequeueBits);
    outcome_.scheduling += dequeue;
    dispatch(scheduler, event, now() + dequeue);
    return true;
  });
}

// Decides now what goes where; from `from` on it stores. Free again when the last store is done.
void ReferenceEngine::dispatch(std::uint32_t dispatcher, std::uint32_t event, Picoseconds from) {
  const bool is_end = event == graph_.end_event().index;
  Picoseconds done = from;
  if (!is_end) {
    if (event == 0 && policy_.kind != PolicyKind::kJit) done = store_aot(dispatcher, done);
    done = store_jit(dispatcher, event, done);
  }
  if (roles_.schedulers > 0) outcome_.scheduling += done - from;
  if (recording_ != nullptr) {
    const std::uint32_t lane = roles_.schedulers == 0 ? dispatcher : fleet_.workers() + dispatcher;
    recording_->record().activations.push_back(
        {event, iteration_, to_nanoseconds(*counters_[event].activated), to_nanoseconds(from),
         is_end ? kNotTaken : to_nanoseconds(done), lane});
  }
  if (is_end && iteration_ + 1 == options_.iterations.size()) {
    done_ = true;
    return;
  }
  agenda_.at(done, Turn::kHop, 0, [this, dispatcher, is_end] {
    is_end ? end_iteration(dispatcher) : free_dispatcher(dispatcher);
  });
}

Picoseconds ReferenceEngine::store_aot(std::uint32_t dispatcher, Picoseconds from) {
  const WorkerRange own = fleet_.workers_of(dispatcher);
  const std::uint32_t phase = phase_in(own, tables_.phase_step[dispatcher], iteration_);
  std::vector<Store> stores;
  for_each_aot_row(own, phase, tables_.list_first.data(), tables_.list_tasks.data(),
                   [&](std::uint32_t worker, std::uint32_t task) {
                     stores.push_back({worker, task});
                   });
  const Picoseconds done =
      release(hops_.store_at_begin(roles_.schedulers), true, lanes_of(own, from), stores);
  for (const Store& store : stores) {
    enqueued_[store.task] = store.visible;
    agenda_.at(store.visible, Turn::kHop, store.worker,
               [this, store] { workers_[store.worker].aot.push_back(store.task); });
  }
  return done;
}

// Stores one after the other, or side by side; when each can be seen, and when all is done. What is
// left is released side by side.
Picoseconds ReferenceEngine::release(const Hop& enqueue, bool side_by_side, Lanes lanes,
                                     std::vector<Store>& stores) const {
  std::map<std::uint32_t, std::vector<Store*>> staged;
  const auto show = [&](std::vector<Store*>& of_worker, Picoseconds& done) {
    done += hops_.publish;
    for (Store* store : of_worker) store->visible = done;
    of_worker.clear();
  };
  Picoseconds of_all = lanes.latest();
  for (Store& store : stores) {
    Picoseconds& done = side_by_side ? lanes.of(store.worker) : of_all;
    done += draw(enqueue, task_bits(store.task) >> kEnqueueBits);
    store.visible = done;
    if (hops_.publish == 0) continue;
    std::vector<Store*>& of_worker = staged[store.worker];
    of_worker.push_back(&store);
    if (of_worker.size() == hops_.publish_batch || roles_.schedulers == 0) show(of_worker, done);
  }
  if (!side_by_side) std::fill(lanes.done.begin(), lanes.done.end(), of_all);
  for (auto& [worker, of_worker] : staged) {
    if (!of_worker.empty()) show(of_worker, lanes.of(worker));
  }
  return lanes.latest();
}

Picoseconds ReferenceEngine::store_jit(std::uint32_t dispatcher, std::uint32_t event,
                                       Picoseconds from) {
  const WorkerRange own = fleet_.workers_of(dispatcher);
  const TaskRange share = fleet_.share_of(dispatcher, event);
  std::vector<Store> stores;
  for (std::uint32_t task = share.begin; task < share.end; ++task) {
    if (!is_jit_launched(policy_.kind, graph_.tasks().label[task])) continue;
    std::vector<std::uint32_t> depths;
    for (std::uint32_t w = own.begin; w < own.end; ++w) depths.push_back(workers_[w].jit_depth);
    const std::uint32_t chosen =
        place_jit(policy_, own, dispatchers_[dispatcher], task, depths.data());
    stores.push_back({jit_worker(options_, iteration_, graph_, task, chosen), task});
    ++workers_[stores.back().worker].jit_depth;
  }
  const Picoseconds done = release(hops_.enqueue, false, lanes_of(own, from), stores);
  for (const Store& store : stores) {
    Worker& w = workers_[store.worker];
    // Its place in the queue is taken now: one that is late holds up those behind it.
    w.jit_published = std::max(store.visible, w.jit_published);
    enqueued_[store.task] = w.jit_published;
    agenda_.at(w.jit_published, Turn::kHop, store.worker,
               [this, store] { workers_[store.worker].jit.push_back(store.task); });
  }
  return done;
}

}  // namespace mk::simulator
