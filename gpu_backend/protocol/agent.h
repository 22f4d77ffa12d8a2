// Agent: one thread of a run, and the steps that worker and scheduler loops are made of: notify an
// event, hand an activated event to its dispatcher, dispatch it, end an iteration and begin the
// next. A scheduler's agents are the lanes of its Team (team.h), which dispatch together.
//
// Memory is ordered by counters alone: a task's notification releases and acquires its triggering
// event's counter; whoever acts on an event or on a task that it launched has acquired the counter
// and seen it reached. An item of a queue is a hint where to look.
//
// Program is what the run executes:
//   void execute(worker, task, iteration)   the body; its memory is ordered by the protocol: it
//                                           sees all that bodies before its dependent event wrote
//   bool prepare(iteration)                 called by one thread between iterations; false: no more
//   void foresee(Foresight)                 optional: said before a task is waited for, where
//                                           nothing can come before it: what does not depend on its
//                                           event may begin
//   void comes(task)                        optional: said while a task runs: this one comes after
//                                           the one behind it
//   void start(task, iteration)             optional: said the moment that a task may run;
//                                           execute() of it follows at once. What others wait for
//                                           begins here, what nobody does after it
//   void fetched(InHand)                    optional: a worker has taken these from a queue
//   uint32 turn_of_wait(worker, InHand)     optional: once each turn of a wait of a worker that has
//                                           tasks in hand; must be short. Returns the task for
//                                           which it has asked for something ahead, or kNoTask
//   const Peers<M>& peers()               where there are several devices, see peers.h
//   void execute(worker, task, iteration, InHand)
//                                           instead of the first: also what the worker has in hand
//                                           after this task
// Probe sees what happens (host/recorder.h); NoProbe compiles to nothing.
//
// Every member that returns bool says false iff the run was aborted.
#pragma once

#include <cstdint>

#include "gpu_backend/protocol/launch.h"
#include "gpu_backend/protocol/peers.h"
#include "gpu_backend/protocol/ring.h"
#include "gpu_backend/protocol/team.h"
#include "gpu_backend/protocol/wait.h"

namespace mk::protocol {

// Instants of one executed task, in the probe's clock.
struct TaskStamps {
  std::uint64_t fetched = 0;
  // Where the worker went on to the task at once, because it knew that its event is active: the
  // stamp that it took last.
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t notified = 0;  // 0: the probe did not take it
  std::uint64_t preload =
      0;  // the first turn of a wait that asked for something of it; 0: none did
};

// The tasks that a worker has in hand, in the order in which it will most likely run them: the rest
// of its static list, or of the batch that it fetched.
class InHand {
 public:
  MK_HD static InHand list(const std::uint32_t* tasks, std::uint32_t count) {
    return InHand(tasks, nullptr, count);
  }
  MK_HD static InHand batch(const Item* items, std::uint32_t count) {
    return InHand(nullptr, items, count);
  }
  MK_HD std::uint32_t size() const { return count_; }
  // Requires: k < size().
  MK_HD std::uint32_t operator[](std::uint32_t k) const {
    return items_ == nullptr ? tasks_[k] : items_[k].id;
  }

 private:
  MK_HD InHand(const std::uint32_t* tasks, const Item* items, std::uint32_t count)
      : tasks_(tasks), items_(items), count_(count) {}

  const std::uint32_t* tasks_;
  const Item* items_;
  std::uint32_t count_;
};

struct NoProbe {
  MK_HD static std::uint64_t now() { return 0; }
  // An arrival at an event is done. 0 where the probe does not take its instant, which it may
  // refuse where nothing was activated by it.
  MK_HD static std::uint64_t arrived(bool /*may_activate*/) { return 0; }
  MK_HD void task_done(Item, const TaskStamps&, bool /*activated_its_event*/) {}
  MK_HD void task_enqueued(Item) {}
  MK_HD void event_dispatched(Item, std::uint64_t /*dequeued*/) {}
  MK_HD void iteration_begins(std::uint32_t) {}
  MK_HD void iteration_ends(std::uint32_t) {}
};

inline constexpr std::uint32_t kNoTask = 0xffffffffU;

// The task that a worker will wait for, and the one behind it; kNoTask: not known.
struct Foresight {
  Item task{};
  std::uint32_t next = kNoTask;
  bool is_active = false;  // its event is known to be: it runs at once
  bool is_behind = false;  // the task before it runs
};

// Items staged for one worker before they are published.
inline constexpr std::uint32_t kPublishBatch = 8;

// hand_on() of a worker's agent.
template <class Agent>
MK_APART bool hand_to_dispatcher(Agent& agent, std::uint32_t worker, Item event,
                                 std::uint64_t instant) {
  return agent.hand_on(worker, event, instant);
}

template <class M, class Program, class Probe, class Team = OneLane>
class Agent {
 public:
  // `lane` is the run's: workers, then schedulers.
  MK_HD Agent(const Launch<M>& launch, std::uint32_t lane, Program& program, Probe& probe,
              Team team = {})
      : launch_(launch), lane_(lane), program_(program), probe_(probe), team_(team) {}

  MK_HD const Launch<M>& launch() const { return launch_; }
  MK_HD Probe& probe() { return probe_; }
  MK_HD const Team& team() const { return team_; }
  MK_HD Wait<M> wait() const { return Wait<M>(launch_, lane_); }
  MK_HD void say_where(Where where) {
    M::store_relaxed(launch_.where[lane_].word, where_word(where));
  }

  // Is the event active in the iteration? Nothing is ordered by the first one's answer; by the
  // second one's yes, all that its producers wrote is visible.
  MK_HD bool looks_active(const TaskWord& task, std::uint32_t iteration) const {
    if constexpr (HasPeers<Program>) {
      if (is_shared(task.dependent_event)) {
        return is_reached(M::Peer::load_relaxed(counter_of(task)), task.dependent_count, iteration);
      }
    }
    return is_reached(M::load_relaxed(counter_of(task)), task.dependent_count, iteration);
  }

  MK_HD bool is_active(const TaskWord& task, std::uint32_t iteration) const {
    if constexpr (HasPeers<Program>) {
      if (is_shared(task.dependent_event)) {
        return is_reached(M::Peer::load_acquire(counter_of(task)), task.dependent_count, iteration);
      }
    }
    return is_reached(M::load_acquire(counter_of(task)), task.dependent_count, iteration);
  }

  // Has this agent last activated or last waited for the task's dependent event? Then its acquire
  // has ordered what another look would.
  MK_HD bool is_known_active(const TaskWord& task, std::uint32_t iteration) const {
    return known_active_.id == own_event(task.dependent_event) &&
           known_active_.iteration == iteration;
  }

  // Waits until the event that came out of a queue is seen to be active: at once, but that nothing
  // else orders it. False iff the run is over.
  MK_HD bool await_event(Item event) {
    const std::uint32_t count = launch_.events[event.id].trigger_count;
    Wait<M> waiting = wait();
    while (!is_reached(look_at(launch_.counters[event.id]), count, event.iteration)) {
      if (!waiting.turn({Activity::kDispatching, event.iteration, event.id})) return false;
    }
    return true;
  }

  // Waits for the task's dependent event; then all that its producers wrote is visible. in_hand[0]
  // is the task. Polls with acquire: a relaxed spin would cost one more round trip at its end, on
  // the path that everything waits for (H100: 0.65 us), and while a worker waits its block computes
  // nothing that an acquire could throw out of the cache.
  MK_HD bool await_dependent_event(std::uint32_t worker, const TaskWord& task, Item item,
                                   const InHand& in_hand) {
    if (is_known_active(task, item.iteration)) return true;
    free_since_ = 0;
    if (!is_active(task, item.iteration)) {
      Wait<M> waiting = wait();
      while (!is_active(task, item.iteration)) {
        use_turn(worker, in_hand);
        if (!waiting.turn({Activity::kWaiting, item.iteration, item.id})) return false;
      }
    }
    known_active_ = {own_event(task.dependent_event), item.iteration};
    return true;
  }

  // Tells a program that wants to know.
  MK_HD void foresee(const Foresight& sight) {
    if constexpr (requires { program_.foresee(sight); }) program_.foresee(sight);
  }

  MK_HD void comes(std::uint32_t task) {
    if constexpr (requires { program_.comes(task); }) {
      if (task != kNoTask) program_.comes(task);
    }
  }

  // The instant at which the worker has them in hand.
  MK_HD std::uint64_t fetched(const InHand& batch) {
    free_since_ = probe_.now();
    if constexpr (requires { program_.fetched(batch); }) program_.fetched(batch);
    return free_since_;
  }

  // Lets a program that wants to use a turn of a wait.
  MK_HD void use_turn(std::uint32_t worker, const InHand& in_hand) {
    if constexpr (requires { program_.turn_of_wait(worker, in_hand); }) {
      if (in_hand.size() == 0) return;
      const std::uint32_t task = program_.turn_of_wait(worker, in_hand);
      if (task == asked_for_) return;
      asked_for_ = task;
      asked_at_ = probe_.now();
    }
  }

  // Runs the body of a task whose dependent event is active, and notifies. `after` is what the
  // worker has in hand besides. From the event to start(), and from the body's end to the next
  // task's start(), everything waits: what can be done beside the body is done there, by
  // meanwhile() too.
  template <class Meanwhile>
  MK_HD bool run_task(std::uint32_t worker, const TaskWord& task, Item item, const InHand& after,
                      std::uint64_t& fetched, Meanwhile&& meanwhile) {
    TaskStamps stamps{fetched, free_since_ != 0 ? free_since_ : probe_.now(), 0, 0, 0};
    if constexpr (requires { program_.start(item.id, item.iteration); }) {
      program_.start(item.id, item.iteration);
    }
    say_where({Activity::kExecuting, item.iteration, item.id});
    if (asked_for_ == item.id) {
      stamps.preload = asked_at_;
      asked_for_ = kNoTask;
    }
    meanwhile();
    if constexpr (requires { program_.execute(worker, item.id, item.iteration, after); }) {
      program_.execute(worker, item.id, item.iteration, after);
    } else {
      program_.execute(worker, item.id, item.iteration);
    }
    ask_for_counter(task);
    stamps.end = probe_.now();
    if (launch_.notify_delay_ns != 0) delay();
    const bool last = arrive(task, item.iteration);
    bool may_activate = last;
    if constexpr (HasPeers<Program>) {  // which nobody may have seen
      may_activate |= is_remote(task.triggering_event) || is_shared(task.triggering_event);
    }
    stamps.notified = probe_.arrived(may_activate);
    fetched = stamps.notified != 0 ? stamps.notified : stamps.end;
    free_since_ = last ? 0 : fetched;
    probe_.task_done(item, stamps, last);
    if constexpr (HasPeers<Program>) {
      if (is_remote(task.triggering_event)) {
        return hand_over(task, item.iteration, last) &&
               arrive_at_end(worker, item.iteration, stamps.notified);
      }
    }
    if (!last) return true;
    known_active_ = {own_event(task.triggering_event), item.iteration};
    return activated(worker, known_active_, stamps.notified);
  }

  // Begins iteration `iteration`; `worker` does the dispatcher's step if there are no schedulers.
  MK_HD bool begin_iteration(std::uint32_t worker, std::uint32_t iteration) {
    const std::uint64_t dequeued = probe_.now();
    if (team_.lane() == 0) {
      probe_.iteration_begins(iteration);
      M::add_acq_rel(launch_.counters[0], 1U);
    }
    team_.sync();
    if (launch_.policy.kind == PolicyKind::kStatic) return true;
    if (launch_.roles.schedulers == 0) return enqueue(worker, {0, iteration}, dequeued);
    return push_to_all_schedulers({0, iteration});
  }

  // An activated event to whoever dispatches it.
  MK_HD bool hand_on(std::uint32_t worker, Item event, std::uint64_t instant) {
    const Roles& roles = launch_.roles;
    if (roles.schedulers == 0) return dispatch(worker, event, instant);
    const EventWord& word = launch_.events[event.id];
    if (is_broadcast(roles, word.end_task - word.first_task)) return push_to_all_schedulers(event);
    return push_to_scheduler(scheduler_of(roles, event.id), event);
  }

  // The dispatcher's step for an activated event.
  MK_HD bool dispatch(std::uint32_t dispatcher, Item event, std::uint64_t dequeued) {
    if (launch_.events[event.id].is_end != 0) return end_iteration(dispatcher, event.iteration);
    return enqueue(dispatcher, event, dequeued);
  }

 private:
  MK_HD static std::uint32_t own_event(std::uint32_t word) {
    if constexpr (HasPeers<Program>) return event_of(word);
    return word;
  }
  MK_HD const typename Launch<M>::Counter& counter_of(const TaskWord& task) const {
    return launch_.counters[own_event(task.dependent_event)];
  }

  // The count of an event that peers may notify, too.
  MK_HD static std::uint32_t look_at(const typename Launch<M>::Counter& counter) {
    if constexpr (HasPeers<Program>) return M::Peer::load_acquire(counter);
    return M::load_acquire(counter);
  }

  // Before a stamp, behind which the arrival would begin to wait for the counter's line.
  MK_HD void ask_for_counter(const TaskWord& task) const {
    const auto& counter = launch_.counters[own_event(task.triggering_event)];
    if constexpr (requires { M::ask_for(counter); }) M::ask_for(counter);
  }

  // Notifies the task's triggering event; true iff this was seen to be the last arrival.
  MK_HD bool arrive(const TaskWord& task, std::uint32_t iteration) {
    const std::uint32_t event = own_event(task.triggering_event);
    std::uint32_t before = 0;
    if constexpr (HasPeers<Program>) {
      if (is_remote(task.triggering_event)) {
        auto& counter = peer(task).counters[event];
        if (launch_.events[event].launches_jit == 0) {  // nobody need know who came last
          M::Peer::add_release(counter, 1U);
          return false;
        }
        before = M::Peer::add_acq_rel(counter, 1U);
        return before + 1 == task.triggering_count * (iteration + 1);
      }
      if (is_shared(task.triggering_event)) {
        before = M::Peer::add_acq_rel(launch_.counters[event], 1U);
        return before + 1 == task.triggering_count * (iteration + 1);
      }
    }
    before = M::add_acq_rel(launch_.counters[event], 1U);
    return before + 1 == task.triggering_count * (iteration + 1);
  }

  // Requires: the task notifies an event of a peer.
  MK_HD const PeerDevice<M>& peer(const TaskWord& task) const {
    return program_.peers().of_device[peer_of(task.triggering_event)];
  }

  // An event of a peer that this device activated, and that launches JIT tasks: to the peer's
  // schedulers, as activated() does here.
  MK_HD bool hand_over(const TaskWord& task, std::uint32_t iteration, bool last) {
    if (!last) return true;
    const Item event{event_of(task.triggering_event), iteration};
    const Roles& roles = launch_.roles;  // of every device
    const EventWord& word = launch_.events[event.id];
    const bool to_all = is_broadcast(roles, word.end_task - word.first_task);
    const std::uint32_t first = to_all ? 0 : scheduler_of(roles, event.id);
    const std::uint32_t end = to_all ? roles.schedulers : first + 1;
    MK_ROLLED
    for (std::uint32_t s = first; s < end; ++s) {
      if (to_all && !has_work(s, event)) continue;
      if (!push_shared(peer(task).arrivals[s], event)) return fail(FailureCode::kEventQueueFull, s);
    }
    return true;
  }

  // What notifies a peer counts as done here, too.
  MK_HD bool arrive_at_end(std::uint32_t worker, std::uint32_t iteration, std::uint64_t instant) {
    const std::uint32_t before = M::add_acq_rel(launch_.counters[launch_.end_event], 1U);
    if (before + 1 != launch_.end_count * (iteration + 1)) return true;
    return activated(worker, {launch_.end_event, iteration}, instant);
  }

  // All devices have ended the iteration.
  MK_HD bool meet_peers(std::uint32_t iteration) {
    const Peers<M>& peers = program_.peers();
    for (std::uint32_t device = 0; device < peers.devices; ++device) {
      if (device != peers.device) M::Peer::add_release(*peers.of_device[device].boundary, 1U);
    }
    Wait<M> waiting = wait();
    while (
        !is_reached(M::Peer::load_acquire(*peers.own().boundary), peers.devices - 1, iteration)) {
      if (!waiting.turn({Activity::kMeeting, iteration, launch_.end_event})) return false;
    }
    return true;
  }

  // The dispatcher's part of the tasks that an event launches. (No recursion: GPUs need stacks for
  // it.)
  MK_HD bool enqueue(std::uint32_t dispatcher, Item event, std::uint64_t dequeued) {
    const EventWord word = launch_.events[event.id];
    if (team_.lane() == 0) say_where({Activity::kDispatching, event.iteration, event.id});
    if (event.id == 0 && !team_.all(enqueue_aot(dispatcher, event.iteration))) return false;
    if (word.launches_jit != 0 && !team_.all(enqueue_jit(dispatcher, word, event))) return false;
    if (team_.lane() == 0) probe_.event_dispatched(event, dequeued);
    return true;
  }

  // The last arrival at `event` happened here.
  MK_HD bool activated(std::uint32_t worker, Item event, std::uint64_t instant) {
    // On the way to this worker's next task: no look at the table where nobody dispatches.
    const bool is_static = launch_.policy.kind == PolicyKind::kStatic;
    const bool is_end = event.id == launch_.end_event;  // (both are looked at at once)
    if (is_static && !is_end) return true;
    const EventWord word = launch_.events[event.id];
    if (word.is_end != 0) {
      probe_.iteration_ends(event.iteration);
      M::store_release(launch_.control->ended, event.iteration + 1);
    } else if (word.launches_jit == 0) {
      return true;
    }
    return hand_to_dispatcher(*this, worker, event, instant);
  }

  // Once the last arriver has noted the end, too.
  MK_HD bool end_iteration(std::uint32_t dispatcher, std::uint32_t iteration) {
    const std::uint32_t next = iteration + 1;
    bool goes_on = false;
    if (team_.lane() == 0) {
      say_where({Activity::kPreparing, iteration, launch_.end_event});
      Wait<M> waiting = wait();
      bool is_noted = true;
      while (is_noted && M::load_acquire(launch_.control->ended) != next) {
        is_noted = waiting.turn({Activity::kPreparing, iteration, launch_.end_event});
      }
      if constexpr (HasPeers<Program>) is_noted = is_noted && meet_peers(iteration);
      goes_on = is_noted && next < kMaxIterations && program_.prepare(next);
      if (is_noted && !goes_on) {
        M::store_release(launch_.control->halt, static_cast<std::uint32_t>(Halt::kDone));
      }
    }
    return !team_.from_first(goes_on) || begin_iteration(dispatcher, next);
  }

  MK_HD bool push_to_scheduler(std::uint32_t scheduler, Item event) {
    if (push_shared(launch_.event_rings[scheduler], event)) return true;
    return fail(FailureCode::kEventQueueFull, scheduler);
  }

  // A scheduler that has nothing to do for the event is passed over: nobody would wait for it, and
  // its queue could fill up over iterations. Each lane serves kPushWidth of them at once.
  MK_HD bool push_to_all_schedulers(Item event) {
    const std::uint32_t schedulers = launch_.roles.schedulers;
    bool fits = true;
    for (std::uint32_t first = team_.lane() * kPushWidth; first < schedulers;
         first += team_.lanes() * kPushWidth) {
      std::uint32_t wanted = 0;
      MK_ROLLED
      for (std::uint32_t k = 0; k < kPushWidth && first + k < schedulers; ++k) {
        if (has_work(first + k, event)) wanted |= 1U << k;
      }
      const std::uint32_t full = push_to_each(launch_.event_rings + first, wanted, event);
      if (full < kPushWidth) fits = fail(FailureCode::kEventQueueFull, first + full);
    }
    return team_.all(fits);
  }

  MK_HD bool has_work(std::uint32_t dispatcher, Item event) const {
    if (event.id == 0) {
      const WorkerRange own = workers_of(launch_.roles, dispatcher);
      if (launch_.list_first[own.end] != launch_.list_first[own.begin]) return true;
    }
    const EventWord& word = launch_.events[event.id];
    if (word.launches_jit == 0) return false;
    const TaskRange share =
        share_of(launch_.roles, dispatcher, event.id, word.first_task, word.end_task);
    if (word.all_jit != 0) return share.begin != share.end;
    MK_ROLLED
    for (std::uint32_t task = share.begin; task < share.end; ++task) {
      if (launch_.jit_launched[task] != 0) return true;
    }
    return false;
  }

  // Row by row (for_each_aot_row), each lane the queues that are its own.
  MK_HD bool enqueue_aot(std::uint32_t dispatcher, std::uint32_t iteration) {
    const WorkerRange own = workers_of(launch_.roles, dispatcher);
    const std::uint32_t phase = phase_in(own, launch_.phase_step[dispatcher], iteration);
    const std::uint32_t first = own.begin + team_.lane();
    bool more = first < own.end;
    for (std::uint32_t row = 0; more; ++row) {
      more = false;
      MK_ROLLED
      for (std::uint32_t worker = first; worker < own.end; worker += team_.lanes()) {
        const std::uint32_t list = list_of(own, worker, phase);
        const std::uint32_t at = launch_.list_first[list] + row;
        if (at >= launch_.list_first[list + 1]) continue;
        if (!put(launch_.aot_rings, launch_.aot_producers, worker,
                 {launch_.list_tasks[at], iteration}, FailureCode::kAotQueueFull)) {
          return false;
        }
        more = true;
      }
    }
    publish(launch_.aot_rings, launch_.aot_producers, own);
    return true;
  }

  // Every lane goes through all of the share and places it alike; the one that owns the queue puts.
  MK_HD bool enqueue_jit(std::uint32_t dispatcher, const EventWord& word, Item event) {
    const WorkerRange own = workers_of(launch_.roles, dispatcher);
    DispatcherState state = launch_.dispatchers[dispatcher].state;
    const TaskRange share =
        share_of(launch_.roles, dispatcher, event.id, word.first_task, word.end_task);
    bool fits = true;
    MK_ROLLED
    for (std::uint32_t task = share.begin; task < share.end; ++task) {
      if (word.all_jit == 0 && launch_.jit_launched[task] == 0) continue;
      const std::uint32_t worker =
          place_jit(launch_.policy, own, state, task, depths(dispatcher, own));
      if (lane_of(team_, own, worker) != team_.lane()) continue;
      fits = fits && put(launch_.jit_rings, launch_.jit_producers, worker, {task, event.iteration},
                         FailureCode::kJitQueueFull);
    }
    publish(launch_.jit_rings, launch_.jit_producers, own);
    team_.sync();  // all have read the state
    if (team_.lane() == 0) launch_.dispatchers[dispatcher].state = state;
    return fits;
  }

  MK_HD bool put(const Ring<M>* rings, RingProducer<M>* producers, std::uint32_t worker, Item item,
                 FailureCode full) {
    probe_.task_enqueued(item);
    if (launch_.roles.schedulers == 0) {
      return push_shared(rings[worker], item) || fail(full, worker);
    }
    RingProducer<M>& producer = producers[worker];
    if (!producer.stage(rings[worker], item)) return fail(full, worker);
    if (producer.staged() == 1) ++staged_rings_;
    if (producer.staged() == kPublishBatch) {
      producer.publish(rings[worker]);
      --staged_rings_;
    }
    return true;
  }

  MK_HD void publish(const Ring<M>* rings, RingProducer<M>* producers, const WorkerRange& own) {
    MK_ROLLED
    for (std::uint32_t worker = own.begin + team_.lane(); staged_rings_ > 0;
         worker += team_.lanes()) {
      if (producers[worker].staged() == 0) continue;
      producers[worker].publish(rings[worker]);
      --staged_rings_;
    }
  }

  // The lengths of the JIT queues of the range, where the policy asks for them. Each lane looks at
  // its own.
  MK_HD const std::uint32_t* depths(std::uint32_t dispatcher, const WorkerRange& own) {
    if (launch_.policy.jit_placement != JitPlacement::kShortestQueue) return nullptr;
    std::uint32_t* const all = launch_.depths + dispatcher * launch_.roles.workers;
    team_.sync();  // all have placed by what stood there before
    for (std::uint32_t i = team_.lane(); i < own.size(); i += team_.lanes()) {
      const Ring<M>& ring = launch_.jit_rings[own.begin + i];
      all[i] = launch_.roles.schedulers == 0
                   ? M::load_relaxed(*ring.tail) - M::load_relaxed(*ring.head)
                   : launch_.jit_producers[own.begin + i].depth(ring);
    }
    team_.sync();
    return all;
  }

  MK_HD bool fail(FailureCode code, std::uint32_t index) {
    abort_run(*launch_.control, failure_word(code, index));
    return false;
  }

  MK_HD void delay() const {
    const std::uint64_t start = M::clock_ns();
    while (M::clock_ns() - start < launch_.notify_delay_ns) {
    }
  }

  const Launch<M>& launch_;
  std::uint32_t lane_;
  Program& program_;
  Probe& probe_;
  Team team_;
  std::uint32_t staged_rings_ = 0;     // that hold items not yet published, of this lane
  Item known_active_{kNoTask, 0};      // the event that this agent last saw to be active
  std::uint32_t asked_for_ = kNoTask;  // the task that a turn of a wait asked for last
  std::uint64_t asked_at_ = 0;
  // A worker's last stamp, if all that it did since is to take what it has in hand; else 0.
  std::uint64_t free_since_ = 0;
};

}  // namespace mk::protocol
