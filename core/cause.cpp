#include "core/cause.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace mk {
namespace {

constexpr Nanoseconds kNever = std::numeric_limits<Nanoseconds>::max();

struct About {
  OptionalIndex task{};
  OptionalIndex event{};
};

using Activations = std::vector<std::vector<Nanoseconds>>;  // by [iteration][event]

// Walks one lane from the window's start to its end; every instant up to the cursor has its cause.
// Of `in` it reads all but the columns. `activations` is called where a slice needs them.
class LaneWalk {
 public:
  LaneWalk(const CauseInput& in, const std::vector<std::uint32_t>& iterations,
           const std::function<Activations()>& activations, std::vector<Interval>& out)
      : in_(in), iterations_(iterations), make_activations_(activations), out_(out) {
    window_start_ = in.iterations[iterations.front()].start;
    window_end_ = window_start_;
    for (const IterationRecord& it : in.iterations) window_end_ = std::max(window_end_, it.end);
    per_kernel_ = facts(in.policy).family == PolicyFamily::kPerKernel;
  }

  // `slices` are those of `lane`, by start; one of no task has task kNoIndex.
  void walk(std::uint32_t lane, std::span<const TaskRecord* const> slices) {
    lane_ = lane;
    cursor_ = window_start_;
    limit_ = window_end_;
    position_ = 0;
    entered_ = false;
    find_ready_behind(slices);
    for (std::size_t k = 0; k < slices.size(); ++k) {
      const TaskRecord& slice = *slices[k];
      limit_ = std::min(slice.start, window_end_);
      if (slice.iteration != kNoIndex) advance_to(slice.iteration);
      if (slice.task == kNoIndex) {
        span(slice);
      } else {
        wait_for(slice, ready_behind_[k]);
        execute(slice, k + 1 < slices.size() ? slices[k + 1]->start : window_end_);
      }
    }
    limit_ = window_end_;
    while (position_ < iterations_.size()) leave_iteration();
  }

 private:
  std::uint32_t iteration() const {
    return iterations_[std::min(position_, iterations_.size() - 1)];
  }

  void emit(Nanoseconds until, Cause cause, const About& about = {}) {
    until = std::min(until, limit_);
    if (until <= cursor_) return;
    // Made where it stays: copying what was just written in smaller parts stalls.
    Interval& interval = out_.emplace_back();
    interval.lane_cause = {lane_, cause};
    interval.start = cursor_;
    interval.end = until;
    interval.task = about.task;
    interval.event = about.event;
    interval.iteration = iteration();
    cursor_ = until;
  }

  // Up to the start of the iteration at position_.
  void enter_iteration() {
    emit(in_.iterations[iteration()].start, Cause::kIterationBoundary);
    entered_ = true;
    first_of_iteration_ = true;
  }

  void leave_iteration() {
    if (!entered_) enter_iteration();
    emit(in_.iterations[iteration()].end, Cause::kWaitQueueEmpty);
    entered_ = false;
    ++position_;
  }

  void advance_to(std::uint32_t target) {
    while (position_ < iterations_.size() && iteration() != target && is_before(target)) {
      leave_iteration();
    }
    if (position_ < iterations_.size() && iteration() == target && !entered_) enter_iteration();
  }

  // Does the walk have still to come to `target`? (Not so in records whose slices of different
  // iterations are mixed.)
  bool is_before(std::uint32_t target) const {
    return std::find(iterations_.begin() + static_cast<std::ptrdiff_t>(position_),
                     iterations_.end(), target) != iterations_.end();
  }

  const CauseInput::Graph& graph_of(const TaskRecord& slice) const {
    return in_.graphs[in_.iterations[slice.iteration].graph];
  }

  Nanoseconds ready(const TaskRecord& slice) {
    if (slice.ready != kNotTaken) return slice.ready;
    if (activations_.empty()) activations_ = make_activations_();
    return activations_[slice.iteration][graph_of(slice).dependent_event[slice.task]];
  }

  // For each slice, the earliest instant at which a later one of its iteration was enqueued and
  // ready.
  void find_ready_behind(std::span<const TaskRecord* const> slices) {
    ready_behind_.assign(slices.size(), kNever);
    Nanoseconds earliest = kNever;
    std::uint32_t iteration = kNoIndex;
    for (std::size_t k = slices.size(); k-- > 0;) {
      const TaskRecord& slice = *slices[k];
      if (slice.task == kNoIndex) continue;
      if (slice.iteration != iteration) earliest = kNever;
      iteration = slice.iteration;
      ready_behind_[k] = earliest;
      const Nanoseconds active = ready(slice);
      if (active != kNotTaken) earliest = std::min(earliest, std::max(active, slice.enqueued));
    }
  }

  void wait_for(const TaskRecord& slice, Nanoseconds ready_behind) {
    const About about{slice.task, graph_of(slice).dependent_event[slice.task]};
    const Nanoseconds active = ready(slice);
    const bool first = std::exchange(first_of_iteration_, false);
    if (per_kernel_) {
      if (active != kNotTaken) emit(active, Cause::kWaitDependency, about);
      return emit(limit_, Cause::kWaitLaunch, about);
    }
    if (slice.enqueued != kNotTaken) wait_for_enqueue(slice, active, first, about);
    if (active == kNotTaken) return emit(limit_, Cause::kUnknown, about);
    if (ready_behind < active) {
      emit(ready_behind, Cause::kWaitDependency, about);
      emit(active, Cause::kWaitHeadOfLine, about);
    }
    emit(active, Cause::kWaitDependency, about);
    if (slice.page != kNotTaken) emit(slice.page, Cause::kWaitPage, about);
    emit(limit_, Cause::kWaitPoll, about);
  }

  void wait_for_enqueue(const TaskRecord& slice, Nanoseconds active, bool first,
                        const About& about) {
    const Nanoseconds enqueued = slice.enqueued;
    const bool launched_on_activation = active != kNotTaken && active < enqueued;
    const bool waits_for_begin = about.event == OptionalIndex(0);
    if (first && (waits_for_begin || !launched_on_activation)) {
      return emit(enqueued, Cause::kIterationBoundary, about);
    }
    if (launched_on_activation) {
      emit(active, Cause::kWaitQueueEmpty, about);
      return emit(enqueued, Cause::kWaitScheduler, about);
    }
    emit(enqueued, Cause::kWaitQueueEmpty, about);
  }

  void execute(const TaskRecord& slice, Nanoseconds next_start) {
    const CauseInput::Graph& graph = graph_of(slice);
    const About about{slice.task, {}};
    limit_ = std::min(slice.end, window_end_);
    if (facts(graph.kind[slice.task]).cost == CostClass::kCommunication) {
      emit(limit_, Cause::kExecuteCommunication, about);
    }
    if (slice.first_data != kNotTaken) emit(slice.first_data, Cause::kExecuteStartUp, about);
    constexpr std::array kByBound = {Cause::kExecute, Cause::kExecuteMemory,
                                     Cause::kExecuteCompute};
    emit(limit_, kByBound[static_cast<std::size_t>(slice.bound)], about);
    limit_ = std::min(next_start, window_end_);
    if (slice.notified != kNotTaken) {
      emit(slice.notified, Cause::kNotify, {about.task, graph.triggering_event[slice.task]});
    }
  }

  void span(const TaskRecord& slice) {
    emit(limit_, slice.iteration == kNoIndex ? Cause::kIterationBoundary : Cause::kUnknown);
    limit_ = std::min(slice.end, window_end_);
    if (per_kernel_) return emit(limit_, Cause::kExecute);
    emit(limit_, slice.iteration == kNoIndex ? Cause::kIterationBoundary : Cause::kNotify);
  }

  const CauseInput& in_;
  const std::vector<std::uint32_t>& iterations_;  // by start
  const std::function<Activations()>& make_activations_;
  Activations activations_{};  // empty until a slice needs them
  std::vector<Interval>& out_;
  Nanoseconds window_start_ = 0;
  Nanoseconds window_end_ = 0;
  bool per_kernel_ = false;

  std::uint32_t lane_ = 0;
  Nanoseconds cursor_ = 0;
  Nanoseconds limit_ = 0;     // nothing is emitted past it
  std::size_t position_ = 0;  // in iterations_
  bool entered_ = false;      // the cursor has passed the start of the iteration at position_
  bool first_of_iteration_ = false;  // no task of it has been met
  std::vector<Nanoseconds> ready_behind_{};
};

// The slices of a record: its tasks, then its spans.
class RecordSlices {
 public:
  explicit RecordSlices(const RunRecord& record)
      : tasks_(record.tasks), spans_(record.spans), first_(record.lanes.size() + 1) {
    for (const SpanRecord& span : spans_) span_slices_.push_back(slice_of(span));
    order_by_lane();
  }

  std::size_t size() const { return order_.size(); }

  // Of one lane, by start, then end; valid until the next call.
  std::span<const TaskRecord* const> of_lane(std::uint32_t lane) {
    slices_.clear();
    for (std::size_t i = first_[lane]; i < first_[lane + 1]; ++i) {
      fetch_ahead(order_[i]);
      slices_.push_back(&slice(order_[i]));
    }
    // Most records are in order.
    const auto earlier = [](const TaskRecord* a, const TaskRecord* b) {
      return a->start != b->start ? a->start < b->start : a->end < b->end;
    };
    if (!std::is_sorted(slices_.begin(), slices_.end(), earlier))
      std::stable_sort(slices_.begin(), slices_.end(), earlier);
    return slices_;
  }

  template <typename Visit>
  void for_each_notified(Visit visit) const {
    for (const TaskRecord& task : tasks_) visit(task.task, task.iteration, task.notified);
  }

 private:
  // The records of a lane lie far from one another.
  void fetch_ahead(std::uint32_t i) const {
    if (i >= tasks_.size()) return;
    const auto* const record = reinterpret_cast<const std::byte*>(&tasks_[i]);
    __builtin_prefetch(record);
    __builtin_prefetch(record + sizeof(TaskRecord) - 1);
  }

  void order_by_lane() {
    const std::size_t count = tasks_.size() + spans_.size();
    for (std::size_t i = 0; i < count; ++i) ++first_[lane(i) + 1];
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    order_.resize(count);
    std::vector<std::uint32_t> at = first_;
    for (std::uint32_t i = 0; i < count; ++i) order_[at[lane(i)]++] = i;
  }

  std::uint32_t lane(std::size_t i) const {
    return i < tasks_.size() ? tasks_[i].lane : spans_[i - tasks_.size()].lane;
  }
  const TaskRecord& slice(std::size_t i) const {
    return i < tasks_.size() ? tasks_[i] : span_slices_[i - tasks_.size()];
  }
  static TaskRecord slice_of(const SpanRecord& span) {
    TaskRecord slice;
    slice.task = kNoIndex;
    slice.iteration = span.iteration.value_or(kNoIndex);
    slice.start = span.start;
    slice.end = span.end;
    return slice;
  }

  const std::vector<TaskRecord>& tasks_;
  const std::vector<SpanRecord>& spans_;
  std::vector<TaskRecord> span_slices_{};
  std::vector<std::uint32_t> first_;    // of each lane, in order_
  std::vector<std::uint32_t> order_{};  // numbers of slices, by lane
  std::vector<const TaskRecord*> slices_{};
};

// The slices that stand in columns.
class ColumnSlices {
 public:
  explicit ColumnSlices(const CauseInput& in) : in_(in) {}

  std::size_t size() const { return in_.start.size(); }

  // As RecordSlices'. Requires: lanes are asked for in order.
  std::span<const TaskRecord* const> of_lane(std::uint32_t lane) {
    slices_.clear();
    pointers_.clear();
    for (; next_ < in_.lane.size() && in_.lane[next_] == lane; ++next_) {
      TaskRecord& slice = slices_.emplace_back();
      slice.task = in_.task[next_];
      slice.iteration = in_.iteration[next_];
      slice.enqueued = in_.enqueued[next_];
      slice.ready = in_.ready[next_];
      slice.page = in_.page[next_];
      slice.start = in_.start[next_];
      slice.first_data = in_.first_data[next_];
      slice.end = in_.end[next_];
      slice.notified = in_.notified[next_];
      slice.bound = in_.bound[next_];
    }
    for (const TaskRecord& slice : slices_) pointers_.push_back(&slice);
    return pointers_;
  }

  template <typename Visit>
  void for_each_notified(Visit visit) const {
    for (std::size_t k = 0; k < in_.start.size(); ++k) {
      if (in_.task[k] != kNoIndex) visit(in_.task[k], in_.iteration[k], in_.notified[k]);
    }
  }

 private:
  const CauseInput& in_;
  std::size_t next_ = 0;
  std::vector<TaskRecord> slices_{};
  std::vector<const TaskRecord*> pointers_{};
};

// As activation_times(); of `in` all but the columns.
template <typename Slices>
Activations activations_of(const CauseInput& in, const Slices& slices) {
  Activations times;
  std::vector<std::vector<std::uint32_t>> missing;  // notifications nobody has seen
  for (const IterationRecord& it : in.iterations) {
    const auto counts = in.graphs[it.graph].trigger_count;
    times.emplace_back(counts.size(), kNotTaken);
    missing.emplace_back(counts.begin(), counts.end());
  }
  slices.for_each_notified([&](std::uint32_t task, std::uint32_t it, Nanoseconds notified) {
    if (notified == kNotTaken) return;
    const std::uint32_t event = in.graphs[in.iterations[it].graph].triggering_event[task];
    times[it][event] = std::max(times[it][event], notified);
    if (missing[it][event] > 0) --missing[it][event];
  });
  for (std::size_t i = 0; i < times.size(); ++i) {
    for (std::size_t e = 0; e < times[i].size(); ++e) {
      if (missing[i][e] > 0) times[i][e] = kNotTaken;
    }
    if (!times[i].empty()) times[i].front() = in.iterations[i].start;
  }
  std::vector<std::vector<bool>> recorded;
  for (const auto& row : times) recorded.emplace_back(row.size());
  for (const ActivationRecord& a : in.activations) {
    if (a.activated == kNotTaken) continue;
    Nanoseconds& at = times[a.iteration][a.event];
    at = recorded[a.iteration][a.event] ? std::min(at, a.activated) : a.activated;
    recorded[a.iteration][a.event] = true;
  }
  return times;
}

// Appends the intervals of each worker lane to `out`, and tells where those of a lane end.
template <typename Slices, typename AfterLane>
void walk_lanes(const CauseInput& in, Slices& slices, std::vector<Interval>& out,
                AfterLane after_lane) {
  if (in.iterations.empty()) return;
  std::vector<std::uint32_t> iterations(in.iterations.size());
  std::iota(iterations.begin(), iterations.end(), 0U);
  std::stable_sort(iterations.begin(), iterations.end(), [&](std::uint32_t a, std::uint32_t b) {
    return in.iterations[a].start < in.iterations[b].start;
  });
  const std::function<Activations()> activations = [&] { return activations_of(in, slices); };
  LaneWalk walk(in, iterations, activations, out);
  for (std::uint32_t lane = 0; lane < in.lanes.size(); ++lane) {
    const std::span<const TaskRecord* const> of_lane = slices.of_lane(lane);
    if (in.lanes[lane].kind != LaneKind::kWorker) continue;
    walk.walk(lane, of_lane);
    after_lane(lane);
  }
}

template <typename Slices>
std::vector<Interval> all_intervals(const CauseInput& in, Slices slices) {
  constexpr std::size_t kUsual = 8;  // intervals a task, at most, where nothing is odd
  std::vector<Interval> all;
  all.reserve(kUsual * slices.size());
  walk_lanes(in, slices, all, [](std::uint32_t) {});
  return all;
}

}  // namespace

std::optional<Cause> cause_from_name(std::string_view name) {
  for (const CauseFacts& f : kCauses) {
    if (f.name == name) return f.cause;
  }
  return std::nullopt;
}

std::vector<std::vector<Nanoseconds>> activation_times(const CauseInput& in) {
  return activations_of(in, ColumnSlices(in));
}

void for_each_lane_intervals(
    const CauseInput& in,
    const std::function<void(std::uint32_t lane, std::span<const Interval> intervals)>& visit) {
  std::vector<Interval> intervals;
  ColumnSlices slices(in);
  walk_lanes(in, slices, intervals, [&](std::uint32_t lane) {
    visit(lane, intervals);
    intervals.clear();
  });
}

std::vector<Interval> derive_intervals(const CauseInput& in) {
  return all_intervals(in, ColumnSlices(in));
}

std::vector<Interval> derive_intervals(const RunRecord& record) {
  CauseInput input;
  input.policy = record.policy.kind;
  for (const auto& graph : record.graphs) {
    input.graphs.push_back({graph->tasks().dependent_event, graph->tasks().triggering_event,
                            graph->tasks().kind, graph->events().trigger_count});
  }
  input.lanes = record.lanes;
  input.iterations = record.iterations;
  input.activations = record.activations;
  return all_intervals(input, RecordSlices(record));
}

}  // namespace mk
