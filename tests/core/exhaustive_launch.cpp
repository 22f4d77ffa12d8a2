#include "tests/core/exhaustive_launch.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace mk::testing {
namespace {

using Queue = std::vector<std::uint32_t>;

struct WorkerState {
  Queue aot{};  // under static: the list
  Queue jit{};
  bool is_blocked = false;  // has taken the head of `aot`, and waits for its event
};

struct State {
  std::uint32_t iteration = 0;
  std::uint32_t done = 0;              // tasks of this iteration, a bit each
  std::vector<std::uint32_t> count{};  // by event, in this iteration
  std::vector<WorkerState> workers{};
  std::vector<Queue> events{};  // by scheduler
  std::vector<DispatcherState> dispatchers{};
  bool is_over = false;

  std::string key() const {
    std::string k;
    const auto put = [&](std::uint32_t v) { k.append({static_cast<char>(v), char(v >> 8)}); };
    const auto put_all = [&](const Queue& queue) {
      put(static_cast<std::uint32_t>(queue.size()));
      for (const std::uint32_t v : queue) put(v);
    };
    put(iteration);
    put(done);
    put_all(count);
    for (const WorkerState& w : workers) {
      put_all(w.aot);
      put_all(w.jit);
      put(w.is_blocked ? 1 : 0);
    }
    for (const Queue& queue : events) put_all(queue);
    for (const DispatcherState& d : dispatchers) put(d.next_worker);
    return k;
  }
};

class Run {
 public:
  Run(const LaunchPlan& plan, std::uint32_t iterations) : plan_(plan), iterations_(iterations) {}

  const std::string& fault() const { return fault_; }

  State start() {
    State s;
    s.workers.resize(plan_.roles.workers);
    s.events.resize(plan_.roles.schedulers);
    for (std::uint32_t d = 0; d < plan_.roles.dispatchers(); ++d)
      s.dispatchers.push_back(initial_state(plan_.roles, d));
    begin(s, 0);
    return s;
  }

  // All states that one step of one worker or scheduler leads to.
  std::vector<State> next(const State& s) {
    std::vector<State> states;
    for (std::uint32_t w = 0; w < plan_.roles.workers; ++w) {
      State after = s;
      if (worker_step(after, w)) states.push_back(std::move(after));
    }
    for (std::uint32_t d = 0; d < plan_.roles.schedulers; ++d) {
      if (s.events[d].empty()) continue;
      State after = s;
      const std::uint32_t event = after.events[d].front();
      after.events[d].erase(after.events[d].begin());
      dispatch(after, d, event);
      states.push_back(std::move(after));
    }
    if (states.empty() && !s.is_over) wrong("nothing can move");
    return states;
  }

 private:
  void wrong(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
  }
  bool is_active(const State& s, std::uint32_t event) const {
    return event == 0 || s.count[event] >= plan_.trigger_count[event];
  }
  bool blocks() const {
    return plan_.policy.kind == PolicyKind::kAot || plan_.policy.kind == PolicyKind::kStatic ||
           plan_.policy.blocking_fifo;
  }

  bool worker_step(State& s, std::uint32_t w) {
    WorkerState& worker = s.workers[w];
    const bool has_head = !worker.aot.empty();
    const bool is_ready = has_head && is_active(s, plan_.dependent_event[worker.aot.front()]);
    if (!worker.is_blocked && !worker.jit.empty()) return run(s, w, worker.jit);
    if (has_head && is_ready) {
      worker.is_blocked = false;
      return run(s, w, worker.aot);
    }
    if (!has_head || worker.is_blocked || !blocks()) return false;
    worker.is_blocked = true;
    return true;
  }

  bool run(State& s, std::uint32_t w, Queue& queue) {
    const std::uint32_t task = queue.front();
    queue.erase(queue.begin());
    if (!is_active(s, plan_.dependent_event[task])) wrong("a task runs before its event");
    if ((s.done >> task & 1) != 0) wrong("a task runs twice");
    s.done |= 1U << task;
    const std::uint32_t event = plan_.triggering_event[task];
    if (++s.count[event] > plan_.trigger_count[event])
      wrong("an event gets too many notifications");
    if (s.count[event] == plan_.trigger_count[event]) activate(s, w, event);
    return true;
  }

  bool launches_jit(std::uint32_t event) const {
    for (std::uint32_t t = plan_.first_task[event]; t < plan_.end_task[event]; ++t) {
      if (plan_.is_jit[t] != 0) return true;
    }
    return false;
  }

  void activate(State& s, std::uint32_t w, std::uint32_t event) {
    const bool is_end = event == plan_.end_event();
    if (is_end && s.done + 1 != 1U << plan_.tasks()) wrong("the iteration ends before its tasks");
    if (is_end) {
      for (std::uint32_t e = 1; e < plan_.events(); ++e) {
        if (s.count[e] != plan_.trigger_count[e]) wrong("an event is not activated");
      }
    }
    if (!is_end && (!launches_jit(event) || !facts(plan_.policy.kind).has_jit_queue)) return;
    if (plan_.roles.schedulers == 0 || plan_.policy.kind == PolicyKind::kStatic)
      return dispatch(s, w, event);
    const std::uint32_t launched = plan_.end_task[event] - plan_.first_task[event];
    if (is_broadcast(plan_.roles, launched)) return push_to_all(s, event);
    push(s, scheduler_of(plan_.roles, event), event);
  }

  void push(State& s, std::uint32_t scheduler, std::uint32_t event) {
    s.events[scheduler].push_back(event);
    if (s.events[scheduler].size() > plan_.capacities.events) wrong("an event queue overflows");
  }

  void push_to_all(State& s, std::uint32_t event) {
    for (std::uint32_t d = 0; d < plan_.roles.schedulers; ++d) {
      const WorkerRange own = workers_of(plan_.roles, d);
      const TaskRange share =
          share_of(plan_.roles, d, event, plan_.first_task[event], plan_.end_task[event]);
      bool has_work = false;
      for (std::uint32_t t = share.begin; t < share.end; ++t) has_work |= plan_.is_jit[t] != 0;
      for (std::uint32_t w = own.begin; event == 0 && w < own.end; ++w)
        has_work |= !plan_.lists[w].empty();
      if (has_work) push(s, d, event);
    }
  }

  void dispatch(State& s, std::uint32_t d, std::uint32_t event) {
    if (event == plan_.end_event()) {
      if (s.iteration + 1 == iterations_) {
        s.is_over = true;
      } else {
        ++s.iteration;
        begin(s, d);
      }
      return;
    }
    enqueue(s, d, event);
  }

  void begin(State& s, std::uint32_t d) {
    s.done = 0;
    s.count.assign(plan_.events(), 0);
    if (plan_.policy.kind == PolicyKind::kStatic) {
      for (std::uint32_t w = 0; w < plan_.roles.workers; ++w) s.workers[w].aot = plan_.lists[w];
    } else if (plan_.roles.schedulers == 0) {
      enqueue(s, d, 0);
    } else {
      push_to_all(s, 0);
    }
  }

  void enqueue(State& s, std::uint32_t d, std::uint32_t event) {
    const WorkerRange own = workers_of(plan_.roles, d);
    DispatcherState& state = s.dispatchers[d];
    if (event == 0 && facts(plan_.policy.kind).has_aot_queue) {
      const std::uint32_t phase = phase_in(own, plan_.phase_step[d], s.iteration);
      for (std::uint32_t w = own.begin; w < own.end; ++w) {
        const Queue& list = plan_.lists[list_of(own, w, phase)];
        Queue& aot = s.workers[w].aot;
        aot.insert(aot.end(), list.begin(), list.end());
        if (aot.size() > plan_.capacities.tasks) wrong("an AOT queue overflows");
      }
    }
    if (!facts(plan_.policy.kind).has_jit_queue) return;
    const TaskRange share =
        share_of(plan_.roles, d, event, plan_.first_task[event], plan_.end_task[event]);
    for (std::uint32_t t = share.begin; t < share.end; ++t) {
      if (plan_.is_jit[t] == 0) continue;
      Queue& jit = s.workers[place_jit(plan_.policy, own, state, t, nullptr)].jit;
      jit.push_back(t);
      if (jit.size() > plan_.capacities.tasks) wrong("a JIT queue overflows");
    }
  }

  const LaunchPlan& plan_;
  std::uint32_t iterations_;
  std::string fault_{};
};

}  // namespace

std::optional<Execution> execute_in_every_order(const LaunchPlan& plan, std::uint32_t iterations,
                                                std::size_t most) {
  Run run(plan, iterations);
  std::unordered_set<std::string> seen;
  std::vector<State> open{run.start()};
  while (!open.empty() && run.fault().empty()) {
    const State state = std::move(open.back());
    open.pop_back();
    if (!seen.insert(state.key()).second) continue;
    if (seen.size() > most) return std::nullopt;
    for (State& next : run.next(state)) open.push_back(std::move(next));
  }
  return Execution{run.fault(), seen.size()};
}

}  // namespace mk::testing
