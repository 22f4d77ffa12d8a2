// ReferenceEngine: the megakernel policies event by event. Each hop, each poll, each store of a
// task into a queue is an event of its own, in one agenda; nothing is worked out ahead, and the
// memory is shared by PlainMemory. Slow, plain, and of the same result as Engine, to the tick and
// in every record: the tests hold Engine against it (simulator/README.md, "Ties and tickets").
//
// Not in it: the limits of queues (they end a run, they change none).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "simulator/engine_input.h"
#include "simulator/recording.h"
#include "simulator/reference/agenda.h"
#include "simulator/reference/plain_memory.h"

namespace mk::simulator {

class ReferenceEngine {
 public:
  ReferenceEngine(const EngineInput& input, Recording* recording);

  // kStuck iff nothing can happen any more.
  Result<EngineOutcome> run();

 private:
  enum class Ahead : std::uint8_t { kNone, kRunning, kDone };  // of the AOT head's weights

  struct Body {
    std::uint32_t task = 0;
    std::uint32_t number = 0;  // of its completion in the run: its rank where hops tie
    Picoseconds fetched = 0, start = 0, first_data = 0, compute_end = 0, worked = 0, end = 0;
    Picoseconds preload = 0;
    std::int64_t preloaded = 0;  // bytes of its next tile that were requested ahead
    double factor = 1;
    std::uint32_t tiles_left = 0;
    bool on_preload_stream = false;
  };
  struct Worker {
    double sm_factor = 1;
    std::deque<std::uint32_t> aot{}, jit{};      // published and not taken
    std::uint32_t aot_batch = 0, jit_batch = 0;  // of these, fetched
    Picoseconds aot_fetched = 0, jit_fetched = 0;
    Picoseconds jit_published = 0;  // of the last task on its way into its JIT queue
    std::uint32_t jit_depth = 0;    // tasks in its JIT queue, those on their way included
    Picoseconds last_byte = 0;      // of the body before
    Ahead ahead = Ahead::kNone;
    std::int64_t ahead_bytes = 0;
    Picoseconds ahead_at = 0;
    std::uint32_t heads = 0;  // taken: tells a plan for a head that has gone
    bool is_planned = false;  // that the head's weights come into rings
    Picoseconds free_at = 0;  // since when
    std::uint32_t drops = 0;  // looks that it has given up for a dispatcher's step
    std::uint32_t lists = 0;  // static: iterations whose list it has begun
    Body body{};
  };
  struct Counter {
    std::optional<Picoseconds> activated{};
    Picoseconds last_arrival = 0;
    std::uint32_t missing = 0;
    bool any_arrived = false;
    // Workers whose bodies' last bytes have come, in that order; and whether their hop is over.
    struct Ticket {
      std::uint32_t worker;
      bool is_there;
    };
    std::deque<Ticket> tickets{};
  };
  struct Scheduler {
    std::deque<std::uint32_t> published{};
  };

  // reference_engine.cpp: the crank and the iterations
  void begin(std::uint32_t dispatcher);
  void end_iteration(std::uint32_t dispatcher);
  void free_dispatcher(std::uint32_t dispatcher);
  Picoseconds boundary_cost() const;
  Error stuck() const;

  // worker.cpp: a worker between two bodies
  void become_free(std::uint32_t worker);
  void fetch_listed(std::uint32_t worker);
  bool see_list(std::uint32_t worker);
  bool see_aot_head(std::uint32_t worker);
  void await_event(std::uint32_t worker);
  bool see_event(std::uint32_t worker);
  void free_jit(std::uint32_t worker);
  bool see_jit_head(std::uint32_t worker);
  void take_jit(std::uint32_t worker);
  void look_again(std::uint32_t worker, Picoseconds instant);
  bool look(std::uint32_t worker);
  void plan_preload(std::uint32_t worker, Picoseconds instant);
  void load_into_ring(std::uint32_t worker, Picoseconds instant);
  void start_preload(std::uint32_t worker);
  void start_head(std::uint32_t worker);

  // body.cpp: a body, its arrival, its event
  void start_body(std::uint32_t worker, std::uint32_t task, Picoseconds fetched);
  void first_byte(std::uint32_t worker);
  void take_preload(std::uint32_t worker);
  void stream(std::uint32_t entity, const BodyCost& cost, std::int64_t bytes, double factor);
  void stream_end(std::uint32_t entity);
  void last_byte(std::uint32_t worker);
  void complete(std::uint32_t worker, Picoseconds worked);
  void body_end(std::uint32_t worker);
  void arrive_in_turn(std::uint32_t event);
  void arrive(std::uint32_t event);
  void record(std::uint32_t worker);

  // dispatcher.cpp: activated events on their way to their tasks' queues
  void activate(std::uint32_t worker, std::uint32_t event);
  Picoseconds hand_over(std::uint32_t device, std::uint32_t event, std::uint32_t rank);
  Picoseconds begin_seen(std::uint32_t from, std::uint32_t device, Picoseconds instant) const;
  void begin_static(std::uint32_t dispatcher);
  void begin_by_workers(std::uint32_t dispatcher);
  bool has_work(std::uint32_t scheduler, std::uint32_t event) const;
  void poll_events(std::uint32_t scheduler);
  void dispatch(std::uint32_t dispatcher, std::uint32_t event, Picoseconds from);
  struct Store {
    std::uint32_t worker = 0, task = 0;
    Picoseconds visible = 0;
  };
  // What each lane of a dispatcher is done with.
  struct Lanes {
    WorkerRange own{};
    std::vector<Picoseconds> done{};
    Picoseconds& of(std::uint32_t worker) { return done[(worker - own.begin) % done.size()]; }
    Picoseconds latest() const { return *std::max_element(done.begin(), done.end()); }
  };
  Lanes lanes_of(const WorkerRange& own, Picoseconds from) const {
    return {own, std::vector<Picoseconds>(roles_.schedulers > 0 ? hops_.lanes : 1, from)};
  }
  Picoseconds release(const Hop& enqueue, bool side_by_side, Lanes lanes,
                      std::vector<Store>& stores) const;
  Picoseconds store_aot(std::uint32_t dispatcher, Picoseconds from);
  Picoseconds store_jit(std::uint32_t dispatcher, std::uint32_t event, Picoseconds from);

  bool is_listed() const { return policy_.kind == PolicyKind::kAot || is_static(); }
  Picoseconds behind_requests(std::uint32_t worker) const;
  const Hop& arrival_hop(std::uint32_t worker, std::uint32_t event) const;
  bool is_static() const { return policy_.kind == PolicyKind::kStatic; }
  const BodyCost& cost_of(std::uint32_t task) const { return costs_.of(task); }
  std::uint32_t event_of(std::uint32_t task) const { return graph_.tasks().dependent_event[task]; }
  std::uint64_t task_bits(std::uint32_t task) const { return noise_ ? task_draws_.bits(task) : 0; }
  std::uint64_t event_bits(std::uint32_t event, std::uint32_t dispatcher = 0) const {
    return noise_ ? mix_bits(event_draws_.bits(event) + dispatcher) : 0;
  }
  Picoseconds draw(const Hop& hop, std::uint64_t bits) const { return hop.draw(spreads_, bits); }
  Picoseconds start_hops(std::uint32_t task) const;
  double factor_of(std::uint32_t worker, std::uint32_t task) const;
  Picoseconds now() const { return agenda_.now(); }

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
  Recording* recording_;
  const bool noise_;

  Agenda agenda_{};
  Ports<PlainMemory> memory_;
  std::vector<Worker> workers_{};
  std::vector<Counter> counters_{};
  std::vector<Scheduler> schedulers_{};
  std::vector<DispatcherState> dispatchers_{};
  std::vector<Picoseconds> enqueued_{};
  RandomStream task_draws_{}, event_draws_{};
  std::uint32_t iteration_ = 0;
  std::vector<std::uint32_t> begun_{};  // a device: iterations whose `begin` it can see
  std::uint32_t completions_ = 0;
  bool done_ = false;
  EngineOutcome outcome_{};
};

}  // namespace mk::simulator
