#include "profiler/analysis/protocol_steps.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "profiler/analysis/record_groups.h"
#include "profiler/analysis/trace_index.h"

namespace mk {
namespace {

double us(Nanoseconds ns) { return static_cast<double>(ns) * 1e-3; }

class Collector {
 public:
  Collector(const Trace& trace, ProtocolSteps& out)
      : trace_(trace), index_(trace), groups_(trace), out_(out) {}

  void run() {
    first_ = first_steady_iteration(trace_);
    out_.has_schedulers = out_.has_schedulers || trace_.roles.schedulers > 0;
    const SliceColumns& s = trace_.slices;
    for (std::uint32_t k = 0; k < s.size(); ++k) {
      if (!s.is_task(k) || s.iteration[k] < first_) continue;
      if (s.notified[k] != kNotTaken) {
        out_.notify.push_back({us(s.notified[k] - s.end[k]), 1, groups_.of(k)});
      }
      add_start(k);
    }
    if (trace_.roles.schedulers > 0) add_enqueues();
    add_dispatches();
    add_boundaries();
  }

 private:
  bool is_launched(std::uint32_t iteration, std::uint32_t task) const {
    return is_jit_launched(trace_.policy.kind, trace_.graph_of(iteration).tasks.label[task]);
  }
  bool looks_at_two() const {
    return trace_.policy.kind == PolicyKind::kHybrid && !trace_.policy.blocking_fifo;
  }

  // Did the task's arrival give its worker more to do (an event to hand over, an iteration to end)?
  // When that was done is not recorded.
  bool is_busy_after(std::uint32_t k) const {
    const SliceColumns& s = trace_.slices;
    const TraceGraph& graph = trace_.graph_of(s.iteration[k]);
    const std::uint32_t event = graph.tasks.triggering_event[s.task[k]];
    if (index_.activated(s.iteration[k], event) != s.notified[k]) return false;
    if (event + 1 == graph.event_count()) return true;
    for (std::uint32_t task = graph.events.first_task[event]; task < graph.events.end_task[event];
         ++task) {
      if (is_launched(s.iteration[k], task)) return true;
    }
    return false;
  }

  // Only starts whose worker was free after a task of the same iteration: the others belong to the
  // boundary.
  void add_start(std::uint32_t k) {
    const SliceColumns& s = trace_.slices;
    const std::uint32_t before = index_.before(k);
    if (before == kNoIndex || !s.is_task(before) || s.iteration[before] != s.iteration[k]) return;
    const Nanoseconds fetched = s.fetched[k];
    if (fetched == kNotTaken || is_busy_after(before)) return;
    const Nanoseconds free = std::max(s.end[before], s.notified[before]);
    // Without a stamp behind the arrival, what it took is part of a start that did not wait.
    if (s.notified[before] == kNotTaken && index_.ready(k) <= free) return;
    const std::uint8_t group = groups_.of(k);
    const Nanoseconds in_hand = std::max(free, fetched);
    if (is_launched(s.iteration[k], s.task[k])) {
      out_.launched.push_back({us(s.start[k] - in_hand), 1, group});
    } else if (const Nanoseconds ready = index_.ready(k); ready != kNotTaken) {
      auto& starts = looks_at_two() ? out_.placed_ahead_of_two : out_.placed_ahead;
      starts.push_back({us(ready - in_hand), us(s.start[k] - std::max(ready, in_hand)), group});
    }
    if (fetched <= free) return;
    const Nanoseconds there = s.enqueued[k] == kNotTaken ? free : s.enqueued[k];
    if (fetched < there) return;
    auto& fetches = looks_at_two() ? out_.fetched_of_two : out_.fetched;
    fetches.push_back({us(there - free), us(fetched - std::max(there, free)), group});
  }

  // The scheduler that feeds the worker.
  std::uint32_t feeder_of(std::uint32_t worker) const {
    std::uint32_t scheduler = 0;
    while (workers_of(trace_.roles, scheduler).end <= worker) ++scheduler;
    return scheduler;
  }

  void add_enqueues() {
    const SliceColumns& s = trace_.slices;
    // What one scheduler enqueues in a row: the tasks placed ahead, or its part of one event's.
    std::map<std::array<std::uint32_t, 3>, std::vector<Nanoseconds>> rows;
    for (std::uint32_t k = 0; k < s.size(); ++k) {
      if (!s.is_task(k) || s.iteration[k] < first_ || s.enqueued[k] == kNotTaken) continue;
      const Lane& lane = trace_.lanes[s.lane[k]];
      if (lane.device != 0) continue;
      const TaskColumns& tasks = trace_.graph_of(s.iteration[k]).tasks;
      const bool on_activation = is_launched(s.iteration[k], s.task[k]);
      const std::uint32_t event = on_activation ? tasks.dependent_event[s.task[k]] : 0;
      rows[{s.iteration[k], event, feeder_of(lane.number)}].push_back(s.enqueued[k]);
    }
    for (const auto& [key, row] : rows) {
      if (row.size() < 2) continue;
      const auto [first, last] = std::minmax_element(row.begin(), row.end());
      out_.enqueues.push_back({us(*last - *first), static_cast<double>(row.size() - 1),
                               RecordGroups::of_iteration(key[0] + key[1] + key[2])});
    }
  }

  // Tasks placed ahead that the scheduler or, without schedulers, any worker enqueues at `begin`.
  std::uint32_t placed_ahead_by(std::uint32_t dispatcher, std::uint32_t iteration) {
    if (placed_ahead_.empty()) {
      const SliceColumns& s = trace_.slices;
      for (std::uint32_t k = 0; k < s.size(); ++k) {
        if (!s.is_task(k) || is_launched(s.iteration[k], s.task[k])) continue;
        ++placed_ahead_[{s.iteration[k], trace_.lanes[s.lane[k]].number}];
      }
    }
    const WorkerRange own = workers_of(trace_.roles, dispatcher);
    std::uint32_t count = 0;
    for (std::uint32_t w = own.begin; w < own.end; ++w) {
      const auto found = placed_ahead_.find({iteration, w});
      if (found != placed_ahead_.end()) count += found->second;
    }
    return count;
  }

  // How many tasks the dispatcher enqueues for the event.
  std::uint32_t enqueued_by(std::uint32_t dispatcher, const ActivationRecord& a) {
    const EventColumns& events = trace_.graph_of(a.iteration).events;
    const TaskRange share = share_of(trace_.roles, dispatcher, a.event, events.first_task[a.event],
                                     events.end_task[a.event]);
    std::uint32_t count = 0;
    for (std::uint32_t task = share.begin; task < share.end; ++task) {
      count += is_launched(a.iteration, task) ? 1 : 0;
    }
    const bool has_lists = a.event == 0 && facts(trace_.policy.kind).has_aot_queue;
    return has_lists ? count + placed_ahead_by(dispatcher, a.iteration) : count;
  }

  void add_dispatches() {
    std::vector<ActivationRecord> rows = trace_.activations;
    std::erase_if(rows, [&](const ActivationRecord& a) {
      return !a.lane || a.iteration < first_ || a.dequeued == kNotTaken ||
             a.activated == kNotTaken || a.launched == kNotTaken ||
             trace_.lanes[*a.lane].device != 0;
    });
    std::sort(rows.begin(), rows.end(), [](const ActivationRecord& a, const ActivationRecord& b) {
      return std::pair(*a.lane, a.dequeued) < std::pair(*b.lane, b.dequeued);
    });
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const ActivationRecord& row = rows[i];
      const std::uint8_t group = RecordGroups::of_iteration(row.iteration + row.event);
      const std::uint32_t tasks = enqueued_by(trace_.lanes[*row.lane].number, row);
      if (tasks > 0) {
        out_.dispatches.push_back({us(row.launched - row.dequeued), 1.0 * tasks, group});
      }
      const bool was_idle = trace_.roles.schedulers > 0 && i > 0 && rows[i - 1].lane == row.lane &&
                            rows[i - 1].launched <= row.activated;
      if (was_idle) out_.dequeue.push_back({us(row.dequeued - row.activated), 1, group});
    }
  }

  void add_boundaries() {
    for (std::uint32_t i = std::max(first_, 1U); i < trace_.iterations.size(); ++i) {
      const IterationState& state = trace_.iterations[i].state;
      out_.boundary.push_back({us(trace_.iterations[i].start - trace_.iterations[i - 1].end),
                               static_cast<double>(state.quantity(QuantityKind::kLiveRequests, 0)),
                               static_cast<double>(state.live_tokens()),
                               RecordGroups::of_iteration(i)});
    }
  }

  const Trace& trace_;
  TraceIndex index_;
  RecordGroups groups_;
  ProtocolSteps& out_;
  std::uint32_t first_ = 0;
  // By iteration and worker; filled when it is first asked for.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> placed_ahead_{};
};

}  // namespace

void add_steps(const Trace& trace, ProtocolSteps& out) { Collector(trace, out).run(); }

}  // namespace mk
