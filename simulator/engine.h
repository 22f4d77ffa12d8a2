// Engine: one run of a megakernel policy, event by event where the order of events decides
// something, and by max-plus sums where it does not.
//
// A task costs two engine events: the arrival of its first byte, and of its last. All hops behind
// the last byte (epilogue, notify, activation, poll, dispatch) are sums that are known then, since
// what they lead to cannot happen before. A hybrid worker chooses between two queues, so it needs a
// third event, at the instant of the choice, unless it is told of all that it could find; a
// scheduler's step is one event for each activated event that it serves. Under jit that event needs
// no timer (engine_early.h).
//
// Entities of the timers: workers, then schedulers; of the memory: the workers' bodies, then their
// preloads. At one instant the ends of streams come first,
// then timers in that order.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/policy.h"
#include "core/record.h"
#include "core/task_graph.h"
#include "simulator/costs.h"
#include "simulator/engine_input.h"
#include "simulator/engine_state.h"
#include "simulator/memory_server.h"
#include "simulator/recording.h"
#include "simulator/simulate.h"

namespace mk::simulator {

// How a worker comes to its next task.
enum class Choice : std::uint8_t {
  kListed,  // aot, static: the next of its list
  kJit,     // jit: the next of its queue
  kEither,  // hybrid: next_queue() decides, at the instant when it is free
};

template <Choice kChoice, bool kRecord>
class Engine {
 public:
  Engine(const EngineInput& input, Recording& recording);

  Result<EngineOutcome> run();

  // Whether an error of run() may be one of early steps alone, which see a worker's queue longer
  // than it is.
  bool is_in_doubt() const { return serves_early_ && options_.mechanisms.queue_limit; }

 private:
  static constexpr bool kHasAot = kChoice != Choice::kJit;
  static constexpr bool kHasJit = kChoice != Choice::kListed;
  // A record has the steps in the order of their instants.
  static constexpr bool kMayServeEarly = kChoice == Choice::kJit && !kRecord;

  // engine.cpp: the crank
  void turn();
  void report();
  void on_timer(std::uint32_t entity, Picoseconds now);
  Error stuck() const;
  void refuse(Error error) {
    if (!failure_) failure_ = std::move(error);
  }

  // engine_worker.cpp: a worker from task to task
  void settle(std::uint32_t worker);
  void settle_listed(std::uint32_t worker);
  void settle_jit(std::uint32_t worker);
  bool will_be_told(std::uint32_t worker) const;
  bool loads_while_it_looks(std::uint32_t head) const;
  void look(std::uint32_t worker, Picoseconds now);
  void take_jit(std::uint32_t worker, Picoseconds now);
  void take_aot(std::uint32_t worker, Picoseconds now);
  void await_news(std::uint32_t worker, Picoseconds now);
  void look_by(std::uint32_t worker, Picoseconds instant);
  Picoseconds fetch_aot(std::uint32_t worker, Picoseconds seen);
  Picoseconds fetch_jit(std::uint32_t worker, Picoseconds seen);
  void pop_jit(std::uint32_t worker);
  void wait_for_event(std::uint32_t worker, std::uint32_t event);
  void begin_head(std::uint32_t worker, std::uint32_t task, Picoseconds start);
  void plan_preload(std::uint32_t worker, std::uint32_t task, Picoseconds activated,
                    bool was_in_hand);
  bool is_needless(std::uint32_t worker, std::uint32_t task, Picoseconds activated) const;
  void start_preload(std::uint32_t worker, std::uint32_t task, Picoseconds now);
  bool stream_ended(std::uint32_t entity);
  void take_preload(std::uint32_t worker, Picoseconds now);
  void load_next_tile(std::uint32_t worker, Picoseconds now, Picoseconds done);
  double factor_of(std::uint32_t worker, std::uint32_t task) const;
  void begin_after(std::uint32_t worker, std::uint32_t task, Picoseconds ready);
  void begin_body(std::uint32_t worker, std::uint32_t task, Picoseconds start, Picoseconds fetched);
  void stream(std::uint32_t entity, const BodyCost& cost, std::int64_t bytes, double factor,
              Picoseconds now);
  void first_byte(std::uint32_t worker, Picoseconds now);
  void last_byte(std::uint32_t worker, Picoseconds now);
  void complete(std::uint32_t worker, Picoseconds worked);

  // engine_dispatch.cpp: events, dispatchers, iterations
  void activate(std::uint32_t worker, std::uint32_t event, Picoseconds instant);
  void dispatch_at(std::uint32_t worker, std::uint32_t event, Picoseconds instant);
  void worker_step(std::uint32_t worker, Picoseconds now);
  void wake_waiters(std::uint32_t event);
  Picoseconds hand_over(std::uint32_t device, std::uint32_t event, Picoseconds instant);
  void publish(std::uint32_t scheduler, std::uint32_t event, Picoseconds instant);
  bool has_work(std::uint32_t scheduler, std::uint32_t event, const TaskRange& share) const;
  TaskRange share_of(std::uint32_t dispatcher, std::uint32_t event, const TaskRange* shares) const;
  void will_enqueue(std::uint32_t first) const;
  void arm_scheduler(std::uint32_t scheduler);
  void scheduler_step(std::uint32_t scheduler, Picoseconds now);
  void serve(std::uint32_t scheduler, std::uint32_t event, Picoseconds now);
  Picoseconds dispatch(std::uint32_t dispatcher, std::uint32_t event, Picoseconds now);
  Picoseconds enqueue_aot(std::uint32_t dispatcher, Picoseconds now);
  Picoseconds enqueue_jit(std::uint32_t dispatcher, std::uint32_t event, Picoseconds now);
  Picoseconds store(std::uint32_t worker, std::uint32_t task, const Hop& hop, Picoseconds now);
  Picoseconds release(std::uint32_t worker, Picoseconds now);
  Picoseconds release_all(const WorkerRange& own);
  void begin_lanes(Picoseconds now) { lane_done_.assign(lanes_, now); }
  Picoseconds& lane_of(const WorkerRange& own, std::uint32_t worker) {
    return lane_done_[lanes_ == 1 ? 0 : (worker - own.begin) % lanes_];
  }
  void push_jit(std::uint32_t worker, std::uint32_t task, Picoseconds enqueued);
  Picoseconds end_iteration(std::uint32_t dispatcher, Picoseconds now);
  Picoseconds begin_iteration(std::uint32_t dispatcher, Picoseconds instant);
  void start_static_workers(std::uint32_t device, Picoseconds begun);
  Picoseconds begin_seen(std::uint32_t from, std::uint32_t device, Picoseconds instant) const;
  Picoseconds behind_requests(std::uint32_t worker) const;
  const Hop& arrival_hop(std::uint32_t worker, std::uint32_t event, Route route) const;
  Picoseconds boundary_cost() const;

  // engine_early.h: steps of schedulers that are worked out before their instant
  void plan_early_steps();
  void publish_early(std::uint32_t scheduler, std::uint32_t event, Picoseconds instant);
  void serve_early(Picoseconds published_by);
  void step_early(const PendingEvents::Entry& entry);

  bool is_jit(std::uint32_t task) const {
    return kChoice == Choice::kJit || is_jit_launched(policy_.kind, graph_.tasks().label[task]);
  }
  void set_timer(std::uint32_t entity, Picoseconds instant) {
    if (entity == firing_) firing_ = kNoIndex;
    timers_.set(entity, static_cast<std::uint64_t>(instant) << Tournament::kIndexBits);
  }
  std::uint64_t task_bits(std::uint32_t task) const { return noise_ ? task_draws_.bits(task) : 0; }
  std::uint64_t event_bits(std::uint32_t event, std::uint32_t dispatcher = 0) const {
    return noise_ ? mix_bits(event_draws_.bits(event) + dispatcher) : 0;
  }
  const IterationState& state() const { return options_.iterations[iteration_]; }

  const TaskGraph& graph_;
  const Machine& machine_;
  const SimulationOptions& options_;
  const PlacementTables& tables_;
  const Roles roles_;
  const Fleet& fleet_;
  const Policy policy_;
  Costs& costs_;
  const Spreads& spreads_;
  const Hops& hops_;
  const bool books_beside_;
  Recording& recording_;
  const bool noise_;
  const std::uint32_t queue_capacity_;
  const Picoseconds notify_delay_;

  const std::uint32_t* const dependent_;  // columns of the graph
  const std::uint32_t* const triggering_;
  const std::uint32_t* const cost_row_;
  const BodyCost* cost_rows_ = nullptr;

  Tournament timers_;
  Ports<MemoryServer> memory_;
  std::vector<WorkerState> workers_{};
  std::vector<EventState> events_{};
  std::vector<SchedulerState> schedulers_{};
  const bool may_serve_early_;
  bool serves_early_ = false;      // the schedulers' own pending events are empty then
  Picoseconds shortest_lead_ = 0;  // from an engine event to a publication that it leads to
  PendingEvents early_{};          // of all schedulers
  std::vector<DispatcherState> dispatchers_{};
  std::vector<std::uint32_t> jit_depths_{};
  std::vector<std::uint32_t> touched_{};  // workers whose JIT queue was empty before this step
  std::vector<Stored> stored_{};          // by this step, where releases come later
  std::vector<std::uint32_t> staged_{};   // a worker: the last one of stored_ not released
  std::vector<std::uint32_t> staged_count_{};
  std::uint32_t lanes_ = 1;                     // of a dispatcher: what each stores side by side
  std::vector<Picoseconds> lane_done_{};        // of this step, when each lane's stores are done
  std::vector<Picoseconds> enqueued_{};         // a task, in this iteration
  std::vector<std::uint32_t> next_in_queue_{};  // a task: the one behind it in its JIT queue

  RandomStream task_draws_{};
  RandomStream event_draws_{};
  Picoseconds now_ = 0;
  std::uint32_t firing_ = kNoIndex;  // whose timer this is: it goes unless it is set again
  std::uint32_t iteration_ = 0;
  std::uint64_t next_report_ = 0;  // engine events by then
  bool done_ = false;
  std::optional<Error> failure_{};
  EngineOutcome outcome_{};
};

}  // namespace mk::simulator
