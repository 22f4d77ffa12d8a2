#include "gpu_backend/host/launch_storage.h"

#include <algorithm>
#include <bit>

#include "core/check.h"
#include "gpu_backend/host/stuck_report.h"

namespace mk {
namespace {

using protocol::EventWord;
using protocol::FailureCode;
using protocol::TaskWord;

// Turns of about 30 ns: threads that have a core each spin for long, others give it away at once.
constexpr std::uint32_t kPatientTurns = 1U << 14;
constexpr std::uint32_t kImpatientTurns = 8;

std::uint32_t capacity_for(std::uint32_t items) {
  return std::bit_ceil(std::max(items, std::uint32_t{2}));
}

// The longest list that may come to a worker of the range, whatever the phase.
std::uint32_t longest_list(const PlacementTables& tables, const WorkerRange& own) {
  std::size_t longest = 0;
  for (std::uint32_t w = own.begin; w < own.end; ++w) {
    longest = std::max(longest, tables.worker_list(w).size());
  }
  return static_cast<std::uint32_t>(longest);
}

// The most JIT tasks that a worker of the range gets in one iteration.
std::uint32_t most_jit_tasks(std::uint32_t all, const HostRunOptions& options,
                             const WorkerRange& own) {
  const bool deals_evenly =
      options.roles.schedulers > 0 && options.policy.jit_placement == JitPlacement::kInTurn;
  return deals_evenly ? all / own.size() + 2 : all;
}

std::vector<std::uint32_t> most_events(const TaskGraph& graph, const PlacementTables& tables,
                                       const Roles& roles) {
  if (roles.schedulers == 0) return {};
  std::vector<std::uint32_t> most(roles.schedulers, 2);  // begin and end
  for (std::uint32_t e = 0; e < graph.event_count(); ++e) {
    if (tables.launches_jit[e] == 0) continue;
    const std::uint32_t launched = graph.events().end_task[e] - graph.events().first_task[e];
    if (is_broadcast(roles, launched)) {
      for (std::uint32_t& m : most) ++m;
    } else {
      ++most[scheduler_of(roles, e)];
    }
  }
  return most;
}

}  // namespace

struct LaunchStorage::RingStorage {
  explicit RingStorage(std::uint32_t capacity) : slots(capacity) {}

  alignas(128) std::atomic<std::uint32_t> head{};
  alignas(128) std::atomic<std::uint32_t> tail{};
  std::vector<std::atomic<std::uint64_t>> slots;
};

LaunchStorage::LaunchStorage(const TaskGraph& graph, const HostRunOptions& options,
                             std::uint8_t device)
    : device_(device),
      tables_(make_placement(graph, options.policy, options.roles, device, options.task_us)),
      counters_(graph.event_count() + 1),
      where_(options.roles.workers + options.roles.schedulers) {
  fill_words(graph, options);
  make_rings(graph, options);
  fill_launch(graph, options);
}

LaunchStorage::~LaunchStorage() = default;

void LaunchStorage::fill_launch(const TaskGraph& graph, const HostRunOptions& options) {
  const Roles& roles = options.roles;
  dispatchers_.resize(roles.dispatchers());
  for (std::uint32_t d = 0; d < dispatchers_.size(); ++d) {
    dispatchers_[d].state = initial_state(roles, d);
  }
  const bool has_aot = facts(options.policy.kind).has_aot_queue;
  const bool has_jit = facts(options.policy.kind).has_jit_queue;
  if (options.policy.jit_placement == JitPlacement::kShortestQueue) {
    depths_.resize(std::size_t{roles.dispatchers()} * roles.workers);
  }
  launch_.policy = options.policy;
  launch_.roles = roles;
  launch_.tasks = tasks_.data();
  launch_.events = events_.data();
  launch_.end_event = graph.end_event().index;
  launch_.end_count = end_count_;
  launch_.jit_launched = jit_launched_.data();
  launch_.list_first = tables_.list_first.data();
  launch_.list_tasks = tables_.list_tasks.data();
  launch_.phase_step = tables_.phase_step.data();
  launch_.counters = counters_.data();
  launch_.aot_rings = has_aot ? aot_rings_.data() : nullptr;
  launch_.jit_rings = has_jit ? jit_rings_.data() : nullptr;
  launch_.event_rings = event_rings_.data();
  launch_.aot_producers = aot_producers_.data();
  launch_.jit_producers = jit_producers_.data();
  launch_.dispatchers = dispatchers_.data();
  launch_.depths = depths_.data();
  launch_.control = &control_;
  launch_.where = where_.data();
  launch_.deadline_ns = static_cast<std::uint64_t>(options.deadline_seconds * 1e9);
  const std::uint32_t threads = launch_.lanes() * graph.info().devices;
  launch_.spin_turns = threads <= usable_cores() ? kPatientTurns : kImpatientTurns;
  launch_.notify_delay_ns =
      static_cast<std::uint64_t>(options.injections.notify_delay_us * 1e3 + 0.5);
}

void LaunchStorage::fill_words(const TaskGraph& graph, const HostRunOptions& options) {
  const TaskColumns& tasks = graph.tasks();
  const EventColumns& events = graph.events();
  tasks_.resize(graph.task_count());
  jit_launched_.resize(graph.task_count());
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    const std::uint32_t dependent = tasks.dependent_event[t];
    const std::uint32_t triggering = tasks.triggering_event[t];
    tasks_[t] = {dependent, events.trigger_count[dependent], triggering,
                 events.trigger_count[triggering]};
    jit_launched_[t] = is_jit_launched(options.policy.kind, tasks.label[t]) ? 1 : 0;
  }
  end_count_ = events.trigger_count[graph.end_event().index];
  if (options.injections.lost_notify) {
    // It notifies a counter that nobody waits for and that never counts as reached.
    TaskWord& lost = tasks_[*options.injections.lost_notify];
    lost.triggering_event = graph.event_count();
    lost.triggering_count = 0;
  }
  events_.resize(graph.event_count());
  for (std::uint32_t e = 0; e < graph.event_count(); ++e) {
    EventWord& word = events_[e];
    word.first_task = events.first_task[e];
    word.end_task = events.end_task[e];
    word.trigger_count = events.trigger_count[e];
    word.is_end = e == graph.end_event().index ? 1 : 0;
    word.launches_jit = tables_.launches_jit[e];
    word.all_jit =
        std::all_of(jit_launched_.begin() + word.first_task, jit_launched_.begin() + word.end_task,
                    [](std::uint8_t jit) { return jit != 0; })
            ? 1
            : 0;
  }
  if (graph.info().devices > 1) add_devices(graph);
}

// What peers.h says of words, and this device's own `begin` and `end`.
void LaunchStorage::add_devices(const TaskGraph& graph) {
  const std::uint32_t end = graph.end_event().index;
  const auto device_of = [&](std::uint32_t task) { return graph.op_of(TaskId(task)).device; };
  std::vector<std::uint8_t> is_shared(graph.event_count(), 0);
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    const std::uint32_t event = graph.tasks().triggering_event[t];
    if (event != end && device_of(t) != graph.events().device[event]) is_shared[event] = 1;
    // Whose tasks an event launches is known to all devices.
    if (jit_launched_[t] != 0 && graph.tasks().dependent_event[t] != 0) {
      events_[graph.tasks().dependent_event[t]].launches_jit = 1;
    }
  }
  end_count_ = 0;
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    if (device_of(t) != device_) continue;
    TaskWord& word = tasks_[t];
    const std::uint32_t event = word.triggering_event;
    if (is_shared[word.dependent_event] != 0) word.dependent_event |= protocol::kSharedEvent;
    if (event >= graph.event_count()) continue;  // a lost one
    const std::uint8_t owner = event == end ? device_ : graph.events().device[event];
    if (event == end || owner != device_) ++end_count_;
    if (is_shared[event] != 0) word.triggering_event |= protocol::kSharedEvent;
    if (owner != device_) word.triggering_event |= protocol::peer_event(0, owner);
  }
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    if (tasks_[t].triggering_event == end) tasks_[t].triggering_count = end_count_;
  }
  events_[end].trigger_count = end_count_;
  // Of `begin`, the tasks of this device: they stand side by side.
  EventWord& begin = events_[0];
  while (begin.first_task < begin.end_task && device_of(begin.first_task) != device_) {
    ++begin.first_task;
  }
  while (begin.first_task < begin.end_task && device_of(begin.end_task - 1) != device_) {
    --begin.end_task;
  }
}

void LaunchStorage::make_rings(const TaskGraph& graph, const HostRunOptions& options) {
  const Roles& roles = options.roles;
  const auto jit_tasks =
      static_cast<std::uint32_t>(std::count(jit_launched_.begin(), jit_launched_.end(), 1));
  std::vector<std::uint32_t> aot(roles.workers);
  std::vector<std::uint32_t> jit(roles.workers);
  for (std::uint32_t d = 0; d < (roles.schedulers == 0 ? 1 : roles.schedulers); ++d) {
    const WorkerRange own = workers_of(roles, d);
    for (std::uint32_t w = own.begin; w < own.end; ++w) {
      aot[w] = longest_list(tables_, own);
      jit[w] = most_jit_tasks(jit_tasks, options, own);
    }
  }
  std::vector<std::uint32_t> events = most_events(graph, tables_, roles);
  if (options.queue_capacity > 0) {
    for (std::vector<std::uint32_t>* all : {&aot, &jit, &events}) {
      std::fill(all->begin(), all->end(), options.queue_capacity);
    }
  }
  if (facts(options.policy.kind).has_aot_queue) aot_rings_ = make_rings(aot);
  if (facts(options.policy.kind).has_jit_queue) jit_rings_ = make_rings(jit);
  event_rings_ = make_rings(events);
  if (graph.info().devices > 1 && facts(options.policy.kind).has_jit_queue) {
    arrivals_ = make_rings(events);
  }
  aot_producers_.resize(roles.workers);
  jit_producers_.resize(roles.workers);
}

std::vector<LaunchStorage::Ring> LaunchStorage::make_rings(
    const std::vector<std::uint32_t>& items) {
  std::vector<Ring> rings;
  for (const std::uint32_t n : items) {
    const std::uint32_t capacity = capacity_for(n);
    RingStorage& storage = *ring_storage_.emplace_back(std::make_unique<RingStorage>(capacity));
    rings.push_back({storage.slots.data(), &storage.head, &storage.tail, capacity - 1,
                     static_cast<std::uint32_t>(std::countr_zero(capacity))});
  }
  return rings;
}

Status LaunchStorage::outcome(const TaskGraph& graph) const {
  const std::uint64_t failure = control_.failure.load();
  const std::uint32_t index = protocol::index_of(failure);
  const char* queue = nullptr;
  switch (protocol::code_of(failure)) {
    case FailureCode::kNone:
      return {};
    case FailureCode::kStopped:
      return fail(ErrorCode::kStuck,
                  "stopped from outside\n" + stuck_report(graph, launch_, device_));
    case FailureCode::kStuck:
      return fail(ErrorCode::kStuck, stuck_report(graph, launch_, device_));
    case FailureCode::kAotQueueFull:
      queue = "AOT queue of worker";
      break;
    case FailureCode::kJitQueueFull:
      queue = "JIT queue of worker";
      break;
    case FailureCode::kEventQueueFull:
      queue = "event queue of scheduler";
      break;
  }
  return fail(ErrorCode::kInvalidInput, overflow_report(queue, index, launch_));
}

}  // namespace mk
