// ReferenceEngine: a worker between two bodies.
#include <algorithm>

#include "simulator/reference/reference_engine.h"

namespace mk::simulator {

void ReferenceEngine::become_free(std::uint32_t worker) {
  workers_[worker].free_at = now();
  if (is_listed()) return fetch_listed(worker);
  if (policy_.kind == PolicyKind::kJit) return free_jit(worker);
  look_again(worker, now());
}

// aot, static: the next of its list, whose descriptor it may have.
void ReferenceEngine::fetch_listed(std::uint32_t worker) {
  Worker& w = workers_[worker];
  if (w.aot_batch > 0) return await_event(worker);
  const bool needs_list = is_static() && w.aot.empty();
  agenda_.poll(now(), hops_.poll_period, Turn::kPoll, worker,
               [this, worker, needs_list, drops = w.drops] {
                 if (workers_[worker].drops != drops) return true;
                 return (!needs_list || see_list(worker)) && see_aot_head(worker);
               });
}

// static: has the next iteration begun?
bool ReferenceEngine::see_list(std::uint32_t worker) {
  Worker& w = workers_[worker];
  const std::uint32_t begun = begun_[fleet_.device_of_worker(worker)];
  if (w.lists == begun) return false;
  w.lists = begun;
  const auto list = tables_.worker_list(worker);
  w.aot.assign(list.begin(), list.end());
  return true;
}

bool ReferenceEngine::see_aot_head(std::uint32_t worker) {
  Worker& w = workers_[worker];
  if (w.aot.empty()) return false;
  w.aot_batch = std::min(hops_.ahead_batch(policy_.kind), static_cast<std::uint32_t>(w.aot.size()));
  const Picoseconds fetched = now() + draw(hops_.fetch, task_bits(w.aot.front()) >> kFetchBits);
  agenda_.at(fetched, Turn::kHop, worker, [this, worker] {
    workers_[worker].aot_fetched = now();
    if (!cost_of(workers_[worker].aot.front()).in_ring) plan_preload(worker, now());
    await_event(worker);
  });
  return true;
}

// It holds its AOT head from now on.
void ReferenceEngine::await_event(std::uint32_t worker) {
  const Worker& w = workers_[worker];
  if (is_listed() && cost_of(w.aot.front()).in_ring && !w.is_planned) load_into_ring(worker, now());
  agenda_.poll(now(), hops_.poll_period, Turn::kPoll, worker,
               [this, worker] { return see_event(worker); });
}

bool ReferenceEngine::see_event(std::uint32_t worker) {
  const std::uint32_t task = workers_[worker].aot.front();
  if (!counters_[event_of(task)].activated) return false;
  const std::uint64_t bits = task_bits(task);
  const Picoseconds observe = draw(hops_.observe, bits >> kObserveBits);
  Picoseconds start = now() + hops_.reach(observe, worker, event_of(task));
  if (!hops_.keeps_books_beside(policy_.kind)) start += draw(hops_.dispatch, bits >> kDispatchBits);
  agenda_.at(start, Turn::kHop, worker, [this, worker] { start_head(worker); });
  return true;
}

void ReferenceEngine::start_head(std::uint32_t worker) {
  Worker& w = workers_[worker];
  const std::uint32_t task = w.aot.front();
  w.aot.pop_front();
  --w.aot_batch;
  ++w.heads;
  w.is_planned = false;
  w.body.preloaded = w.ahead == Ahead::kNone ? 0 : w.ahead_bytes;
  start_body(worker, task, w.aot_fetched);
}

// jit: the next of its queue.
void ReferenceEngine::free_jit(std::uint32_t worker) {
  if (workers_[worker].jit_batch > 0) return take_jit(worker);
  agenda_.poll(now(), hops_.poll_period, Turn::kPoll, worker,
               [this, worker] { return see_jit_head(worker); });
}

bool ReferenceEngine::see_jit_head(std::uint32_t worker) {
  Worker& w = workers_[worker];
  if (w.jit.empty()) return false;
  w.jit_batch = std::min(hops_.fetch_batch, static_cast<std::uint32_t>(w.jit.size()));
  const Picoseconds fetched = now() + draw(hops_.fetch, task_bits(w.jit.front()) >> kFetchBits);
  agenda_.at(fetched, Turn::kHop, worker, [this, worker] {
    workers_[worker].jit_fetched = now();
    take_jit(worker);
  });
  return true;
}

void ReferenceEngine::take_jit(std::uint32_t worker) {
  Worker& w = workers_[worker];
  const std::uint32_t task = w.jit.front();
  w.jit.pop_front();
  --w.jit_batch;
  --w.jit_depth;
  const Picoseconds start = now() + draw(hops_.dispatch, task_bits(task) >> kDispatchBits);
  agenda_.at(start, Turn::kHop, worker, [this, worker, task] {
    workers_[worker].body.preloaded = 0;
    start_body(worker, task, workers_[worker].jit_fetched);
  });
}

// hybrid: looks at both queues, from `instant` on.
void ReferenceEngine::look_again(std::uint32_t worker, Picoseconds instant) {
  agenda_.poll(instant, hops_.look_period, Turn::kWorker, worker,
               [this, worker] { return look(worker); });
}

bool ReferenceEngine::look(std::uint32_t worker) {
  Worker& w = workers_[worker];
  QueueView view;
  view.jit_empty = w.jit.empty();
  if (view.jit_empty && w.aot_batch == 0 && !w.aot.empty()) {
    w.aot_batch =
        std::min(hops_.ahead_batch(policy_.kind), static_cast<std::uint32_t>(w.aot.size()));
    w.aot_fetched = now() + draw(hops_.fetch, task_bits(w.aot.front()) >> kFetchBits);
    if (w.aot_fetched > now()) {
      const Picoseconds fetched = w.aot_fetched;
      agenda_.at(fetched, Turn::kHop, worker, [this, worker] { look_again(worker, now()); });
      return true;
    }
  }
  view.aot_empty = w.aot_batch == 0;
  view.aot_head_ready = !view.aot_empty && counters_[event_of(w.aot.front())].activated.has_value();
  switch (next_queue(policy_, view)) {
    case NextQueue::kJit:
      if (w.jit_batch > 0) {
        take_jit(worker);
      } else {
        see_jit_head(worker);
      }
      return true;
    case NextQueue::kAot:
      await_event(worker);
      return true;
    case NextQueue::kNone:
      break;
  }
  if (!view.aot_empty && w.ahead == Ahead::kNone && cost_of(w.aot.front()).preload > 0 &&
      !cost_of(w.aot.front()).in_ring) {
    start_preload(worker);
  }
  return false;
}

// aot, static: the head's weights may come from `instant` on, if its body has not started by then.
void ReferenceEngine::plan_preload(std::uint32_t worker, Picoseconds instant) {
  const Worker& w = workers_[worker];
  if (cost_of(w.aot.front()).preload == 0) return;
  agenda_.at(instant, Turn::kPreload, worker, [this, worker, heads = w.heads] {
    if (workers_[worker].heads == heads) start_preload(worker);
  });
}

// aot, static: nothing is loaded for a task that need not be waited for.
void ReferenceEngine::load_into_ring(std::uint32_t worker, Picoseconds instant) {
  const std::uint32_t task = workers_[worker].aot.front();
  workers_[worker].is_planned = true;
  if (cost_of(task).preload == 0) return;
  agenda_.at(instant, Turn::kPreload, worker, [this, worker, task, heads = workers_[worker].heads] {
    const bool needs_it = !counters_[event_of(task)].activated;
    if (workers_[worker].heads == heads && needs_it) start_preload(worker);
  });
}

void ReferenceEngine::start_preload(std::uint32_t worker) {
  Worker& w = workers_[worker];
  const std::uint32_t task = w.aot.front();
  const BodyCost& cost = cost_of(task);
  w.ahead = Ahead::kRunning;
  w.ahead_at = now();
  w.ahead_bytes =
      now() >= w.body.end ? cost.preload : std::min(cost.preload, cost_of(w.body.task).early);
  stream(fleet_.workers() + worker, cost, w.ahead_bytes,
         factor_of(worker, task) * cost.slowness_of_preload(is_static()));
}

}  // namespace mk::simulator
