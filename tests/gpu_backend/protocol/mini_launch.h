// MiniLaunch: the smallest run that has everything: begin, two tasks, an event of two
// notifications, two tasks, end, and a second iteration. Over any memory policy, so that Relacy and
// ThreadSanitizer watch the very same code; the tasks' data is M::plain. A scheduler may be a team
// of several threads.
#pragma once

#include <cstdint>

#include "core/policy.h"
#include "gpu_backend/protocol/scheduler.h"
#include "gpu_backend/protocol/worker.h"
#include "tests/gpu_backend/protocol/cell_team.h"

namespace mk::protocol::testing {

inline constexpr std::uint32_t kTasks = 4;
inline constexpr std::uint32_t kEvents = 3;
inline constexpr std::uint32_t kSlots = 8;
inline constexpr std::uint32_t kWorkers = 2;
inline constexpr std::uint32_t kIterations = 2;

template <class M>
struct RingCells {
  typename M::template atom<std::uint64_t> slots[kSlots];
  typename M::template atom<std::uint32_t> head;
  typename M::template atom<std::uint32_t> tail;

  Ring<M> start() {
    for (auto& slot : slots) M::store_relaxed(slot, std::uint64_t{0});
    M::store_relaxed(head, 0U);
    M::store_relaxed(tail, 0U);
    return {slots, &head, &tail, kSlots - 1, 3};
  }
};

// Tasks 0 and 1 read what 2 and 3 wrote an iteration ago; 2 and 3 read what 0 and 1 wrote now.
template <class M>
struct MiniProgram {
  typename M::template plain<std::uint32_t> data[kTasks];
  typename M::template plain<std::uint32_t> salt;

  void execute(std::uint32_t, std::uint32_t task, std::uint32_t) {
    const std::uint32_t first = task < 2 ? 2 : 0;
    M::write(data[task],
             M::read(data[first]) + 2 * M::read(data[first + 1]) + M::read(salt) + task);
  }
  bool prepare(std::uint32_t iteration) {
    M::write(salt, M::read(salt) + M::read(data[2]) + M::read(data[3]));
    return iteration < kIterations;
  }
  std::uint32_t result() { return M::read(salt); }
};

// Writes down the last iteration that began or ended, as a recorder does.
template <class M>
struct NotingProbe : NoProbe {
  explicit NotingProbe(typename M::template plain<std::uint32_t>& cell) : noted(cell) {}
  void iteration_begins(std::uint32_t iteration) { M::write(noted, 2 * iteration); }
  void iteration_ends(std::uint32_t iteration) { M::write(noted, 2 * iteration + 1); }

  typename M::template plain<std::uint32_t>& noted;
};

template <class M, bool kOrderedTeam = true>
class MiniLaunch {
 public:
  MiniLaunch(PolicyKind policy, std::uint32_t schedulers, std::uint32_t team_lanes = 1,
             JitPlacement placement = JitPlacement::kInTurn)
      : team_lanes_(team_lanes) {
    launch_.policy.kind = policy;
    launch_.policy.jit_placement = placement;
    launch_.roles = {kWorkers, schedulers};
  }

  std::uint32_t threads() const { return kWorkers + launch_.roles.schedulers * team_lanes_; }
  MiniProgram<M>& program() { return program_; }
  Halt halt() { return static_cast<Halt>(M::load_relaxed(control_.halt)); }

  // Before the threads start.
  void start() {
    for (auto& value : program_.data) M::write(value, 0U);
    M::write(program_.salt, 1U);
    for (auto& counter : counters_) M::store_relaxed(counter, 0U);
    for (auto& cell : where_) M::store_relaxed(cell.word, std::uint64_t{0});
    M::store_relaxed(control_.halt, 0U);
    M::store_relaxed(control_.ended, 0U);
    M::store_relaxed(control_.failure, std::uint64_t{0});
    M::write(noted_, 0U);
    team_.start();
    for (std::uint32_t w = 0; w < kWorkers; ++w) {
      aot_[w] = aot_cells_[w].start();
      jit_[w] = jit_cells_[w].start();
    }
    events_[0] = event_cells_.start();
    fill_tables();
    program_.prepare(0);
  }

  // There is one scheduler at most.
  void run(std::uint32_t lane) {
    NotingProbe<M> probe(noted_);
    if (lane >= kWorkers && team_lanes_ == 1) return scheduler_loop(launch_, 0, program_, probe);
    if (lane >= kWorkers) {
      std::uint32_t round = 0;
      const CellTeam<M, kOrderedTeam> team(team_, lane - kWorkers, team_lanes_, round);
      return scheduler_loop(launch_, 0, program_, probe, team);
    }
    if (lane == 0) start_run(launch_, program_, probe);
    worker_loop(launch_, lane, program_, probe);
  }

 private:
  void fill_tables() {
    const bool is_jit = launch_.policy.kind == PolicyKind::kJit;
    for (std::uint32_t t = 0; t < kTasks; ++t) {
      tasks_[t] = t < 2 ? TaskWord{0, 1, 1, 2} : TaskWord{1, 2, 2, 2};
      jit_launched_[t] = is_jit ? 1 : 0;
      list_tasks_[t] = (t % 2) * 2 + t / 2;  // worker 0: tasks 0, 2; worker 1: 1, 3
    }
    const std::uint8_t jit = is_jit ? 1 : 0;
    event_words_[0] = {0, 2, 1, 0, jit, jit};
    event_words_[1] = {2, 4, 2, 0, jit, jit};
    event_words_[2] = {4, 4, 2, 1, 0, 0};
    for (std::uint32_t w = 0; w <= kWorkers; ++w) list_first_[w] = is_jit ? 0 : 2 * w;
    for (std::uint32_t d = 0; d < launch_.roles.dispatchers(); ++d) {
      dispatchers_[d].state = initial_state(launch_.roles, d);
    }
    launch_.tasks = tasks_;
    launch_.events = event_words_;
    launch_.end_event = kEvents - 1;
    launch_.jit_launched = jit_launched_;
    launch_.list_first = list_first_;
    launch_.list_tasks = list_tasks_;
    launch_.phase_step = phase_step_;
    launch_.counters = counters_;
    launch_.aot_rings = facts(launch_.policy.kind).has_aot_queue ? aot_ : nullptr;
    launch_.jit_rings = facts(launch_.policy.kind).has_jit_queue ? jit_ : nullptr;
    launch_.event_rings = events_;
    launch_.aot_producers = aot_producers_;
    launch_.jit_producers = jit_producers_;
    launch_.dispatchers = dispatchers_;
    launch_.depths = depths_;
    launch_.control = &control_;
    launch_.where = where_;
    launch_.deadline_ns = 10'000'000'000;
  }

  Launch<M> launch_{};
  MiniProgram<M> program_;
  TaskWord tasks_[kTasks];
  EventWord event_words_[kEvents];
  std::uint8_t jit_launched_[kTasks];
  std::uint32_t list_first_[kWorkers + 1];
  std::uint32_t list_tasks_[kTasks];
  std::uint32_t phase_step_[kWorkers] = {};
  typename M::template atom<std::uint32_t> counters_[kEvents];
  RingCells<M> aot_cells_[kWorkers];
  RingCells<M> jit_cells_[kWorkers];
  RingCells<M> event_cells_;
  Ring<M> aot_[kWorkers];
  Ring<M> jit_[kWorkers];
  Ring<M> events_[1];
  RingProducer<M> aot_producers_[kWorkers];
  RingProducer<M> jit_producers_[kWorkers];
  DispatcherCell dispatchers_[kWorkers];
  std::uint32_t depths_[kWorkers * kWorkers] = {};
  Control<M> control_;
  WhereCell<M> where_[kWorkers + 1];
  typename M::template plain<std::uint32_t> noted_;
  TeamCells<M> team_;
  std::uint32_t team_lanes_;
};

// The result that any right run has.
inline constexpr std::uint32_t mini_result() {
  std::uint32_t d[kTasks] = {};
  std::uint32_t salt = 1;
  for (std::uint32_t i = 0; i < kIterations; ++i) {
    d[0] = d[2] + 2 * d[3] + salt;
    d[1] = d[2] + 2 * d[3] + salt + 1;
    d[2] = d[0] + 2 * d[1] + salt + 2;
    d[3] = d[0] + 2 * d[1] + salt + 3;
    salt += d[2] + d[3];
  }
  return salt;
}

}  // namespace mk::protocol::testing
