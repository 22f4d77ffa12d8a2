// The worker's loop: fetch, wait, execute, notify, until the run is over.
#pragma once

#include <cstdint>

#include "gpu_backend/protocol/agent.h"

namespace mk::protocol {

// Items that a worker takes from a queue at once.
inline constexpr std::uint32_t kFetchBatch = 16;

// What a worker has taken from one of its queues and not yet begun.
template <class M>
class FetchedBatch {
 public:
  template <class Agent>
  MK_HD void refill(const Ring<M>& ring, Agent& agent) {
    size_ = consumer_.pop(ring, items_, kFetchBatch);
    next_ = 0;
    if (size_ == 0) return;
    fetched_ = agent.fetched(in_hand());
  }
  MK_HD bool empty() const { return next_ == size_; }
  MK_HD Item head() const { return items_[next_]; }
  // The task `ahead` items behind the head, kNoTask where the batch ends before.
  MK_HD std::uint32_t task_at(std::uint32_t ahead) const {
    return next_ + ahead < size_ ? items_[next_ + ahead].id : kNoTask;
  }
  MK_HD void drop_head() { ++next_; }
  MK_HD InHand in_hand() const { return InHand::batch(items_ + next_, size_ - next_); }
  MK_HD std::uint64_t fetched() const { return fetched_; }

 private:
  RingConsumer<M> consumer_{};
  Item items_[kFetchBatch] = {};
  std::uint32_t next_ = 0;
  std::uint32_t size_ = 0;
  std::uint64_t fetched_ = 0;
};

// The two queues of a worker under aot, jit and hybrid.
template <class M, class Program, class Probe>
class QueueWorker {
 public:
  MK_HD QueueWorker(Agent<M, Program, Probe>& agent, std::uint32_t worker)
      : agent_(agent), launch_(agent.launch()), worker_(worker) {
    if (launch_.jit_rings != nullptr) jit_ring_ = launch_.jit_rings[worker];
    if (launch_.aot_rings != nullptr) aot_ring_ = launch_.aot_rings[worker];
  }

  MK_HD void run() {
    Item last{};
    for (NextQueue queue = await_work(last); queue != NextQueue::kNone; queue = await_work(last)) {
      FetchedBatch<M>& batch = queue == NextQueue::kJit ? jit_ : aot_;
      last = batch.head();
      std::uint64_t fetched = batch.fetched();
      const TaskWord task = launch_.tasks[last.id];
      // Nothing can come in between.
      const bool is_sure = launch_.policy.kind == PolicyKind::kAot;
      if (is_sure) {
        agent_.foresee({last, aot_.task_at(1), agent_.is_known_active(task, last.iteration)});
      }
      // A JIT task's event is active; the look at it orders the memory.
      if (!agent_.await_dependent_event(worker_, task, last, batch.in_hand())) return;
      batch.drop_head();
      const auto go_on = [&] {
        if (is_sure) agent_.comes(aot_.task_at(1));
      };
      if (!agent_.run_task(worker_, task, last, batch.in_hand(), fetched, go_on)) return;
    }
  }

 private:
  // The queue to take the next task from; kNone: the run is over.
  MK_HD NextQueue await_work(Item last) {
    Wait<M> waiting = agent_.wait();
    for (;;) {
      const NextQueue queue = look();
      if (queue != NextQueue::kNone || !waiting.turn(where(last))) return queue;
      agent_.use_turn(worker_, aot_.in_hand());
    }
  }

  MK_HD NextQueue look() {
    QueueView view;
    if (jit_ring_.slots != nullptr) {
      if (jit_.empty()) jit_.refill(jit_ring_, agent_);
      view.jit_empty = jit_.empty();
    }
    if (aot_ring_.slots != nullptr && view.jit_empty) {
      if (aot_.empty()) aot_.refill(aot_ring_, agent_);
      view.aot_empty = aot_.empty();
      view.aot_head_ready = !view.aot_empty && agent_.looks_active(launch_.tasks[aot_.head().id],
                                                                   aot_.head().iteration);
    }
    return next_queue(launch_.policy, view);
  }

  MK_HD Where where(Item last) const {
    if (aot_.empty()) return {Activity::kIdle, last.iteration, last.id};
    return {Activity::kWaiting, aot_.head().iteration, aot_.head().id};
  }

  Agent<M, Program, Probe>& agent_;
  const Launch<M>& launch_;
  std::uint32_t worker_;
  // Copies: on a GPU the tables leave the cache with every acquire. No slots: the policy has none.
  Ring<M> jit_ring_{};
  Ring<M> aot_ring_{};
  FetchedBatch<M> jit_{};
  FetchedBatch<M> aot_{};
};

// A worker's own list under static, which comes again in every iteration. Its entries are read some
// tasks ahead, while a body runs: a load that is still on its way holds up the acquire of a poll,
// and on a GPU whose memory is busy it is on its way for microseconds. (No array: on a GPU it would
// be local memory.)
template <class M>
class StaticList {
 public:
  MK_HD StaticList(const Launch<M>& launch, std::uint32_t worker)
      : launch_(launch),
        first_(launch.list_first[worker]),
        size_(launch.list_first[worker + 1] - first_) {
    if (size_ == 0) return;
    current_ = read(0);
    next_ = read(1 % size_);
    after_ = read(2 % size_);
    word_ = launch_.tasks[current_];
  }

  MK_HD bool empty() const { return size_ == 0; }
  MK_HD std::uint32_t current() const { return current_; }
  MK_HD std::uint32_t next() const { return next_; }
  MK_HD std::uint32_t after() const { return after_; }
  MK_HD const TaskWord& word() const { return word_; }
  // The current one is the list's first: an iteration begins, or has ended.
  MK_HD bool is_at_first() const { return index_ == 0; }
  MK_HD bool is_at_last() const { return index_ + 1 == size_; }
  // What is left of the iteration: the list from the current one (the next one) on.
  MK_HD InHand left() const { return left_after(0); }
  MK_HD InHand left_after_current() const { return left_after(1); }
  // The next one is the current one; begins a load. word() is still that of the one before.
  MK_HD void advance() {
    std::uint32_t later = index_ + 3;
    while (later >= size_) later -= size_;
    index_ = index_ + 1 == size_ ? 0 : index_ + 1;
    current_ = next_;
    next_ = after_;
    after_ = read(later);
  }
  // Of the current one; begins its load. (Not by advance(): a GPU has no register for it while the
  // next command is posted.)
  MK_HD void read_word() { word_ = launch_.tasks[current_]; }

 private:
  MK_HD InHand left_after(std::uint32_t tasks) const {
    return InHand::list(launch_.list_tasks + first_ + index_ + tasks, size_ - index_ - tasks);
  }
  MK_HD std::uint32_t read(std::uint32_t index) const { return launch_.list_tasks[first_ + index]; }

  const Launch<M>& launch_;
  std::uint32_t first_;
  std::uint32_t size_;
  std::uint32_t index_ = 0;  // of the current one
  std::uint32_t current_ = 0;
  std::uint32_t next_ = 0;
  std::uint32_t after_ = 0;
  TaskWord word_{};
};

// Under static: the worker's own list, once an iteration.
template <class M, class Program, class Probe>
MK_HD void run_static_worker(Agent<M, Program, Probe>& agent, std::uint32_t worker) {
  const Launch<M>& launch = agent.launch();
  StaticList<M> list(launch, worker);
  for (std::uint32_t iteration = 0;; ++iteration) {
    Wait<M> waiting = agent.wait();
    while (!is_reached(M::load_acquire(launch.counters[0]), 1, iteration)) {
      if (!waiting.turn({Activity::kIdle, iteration, 0})) return;
    }
    std::uint64_t fetched = agent.probe().now();
    if (list.empty()) continue;
    do {
      if constexpr (requires { M::forget(iteration); }) M::forget(iteration);
      const Item item{list.current(), iteration};
      const TaskWord task = list.word();
      if (list.is_at_first()) {
        agent.foresee({item, list.next(), agent.is_known_active(task, iteration)});
      }
      if (!agent.await_dependent_event(worker, task, item, list.left())) return;
      const auto go_on = [&] {
        list.advance();
        if (!list.is_at_first()) {  // else it is of the next iteration, which is not prepared
          agent.foresee({{list.current(), iteration}, list.next(), false, true});
        }
        agent.comes(list.after());
        list.read_word();
      };
      const InHand rest = list.left_after_current();
      if (!agent.run_task(worker, task, item, rest, fetched, go_on)) return;
    } while (!list.is_at_first());
  }
}

// Starts the run: begins iteration 0. Called by the thread of worker 0, before its loop, once
// prepare(0) has said yes.
template <class M, class Program, class Probe>
MK_HD void start_run(Agent<M, Program, Probe>& agent) {
  agent.begin_iteration(0, 0);
}
template <class M, class Program, class Probe>
MK_HD void start_run(const Launch<M>& launch, Program& program, Probe& probe) {
  Agent<M, Program, Probe> agent(launch, 0, program, probe);
  start_run(agent);
}

template <class M, class Program, class Probe>
MK_HD void worker_loop(const Launch<M>& launch, std::uint32_t worker, Program& program,
                       Probe& probe) {
  Agent<M, Program, Probe> agent(launch, worker, program, probe);
  if (launch.policy.kind == PolicyKind::kStatic) {
    run_static_worker(agent, worker);
  } else {
    QueueWorker<M, Program, Probe>(agent, worker).run();
  }
}

}  // namespace mk::protocol
