#include "core/cause.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace mk {
namespace {

constexpr Nanoseconds kNever = std::numeric_limits<Nanoseconds>::max();

struct About {
  std::optional<std::uint32_t> task{};
  std::optional<std::uint32_t> event{};
};

// Walks one lane from the window's start to its end; every instant up to the cursor has its cause.
class LaneWalk {
 public:
  LaneWalk(const CauseInput& in, const std::vector<std::uint32_t>& iterations,
           const std::vector<std::vector<Nanoseconds>>& activations, std::vector<Interval>& out)
      : in_(in), iterations_(iterations), activations_(activations), out_(out) {
    window_start_ = in.iterations[iterations.front()].start;
    window_end_ = window_start_;
    for (const IterationRecord& it : in.iterations) window_end_ = std::max(window_end_, it.end);
    per_kernel_ = facts(in.policy).family == PolicyFamily::kPerKernel;
  }

  // Slices [first, end) are those of `lane`.
  void walk(std::uint32_t lane, std::size_t first, std::size_t end) {
    lane_ = lane;
    cursor_ = window_start_;
    limit_ = window_end_;
    position_ = 0;
    entered_ = false;
    find_ready_behind(first, end);
    for (std::size_t k = first; k < end; ++k) {
      limit_ = std::min(in_.start[k], window_end_);
      if (in_.iteration[k] != kNoIndex) advance_to(in_.iteration[k]);
      if (in_.task[k] == kNoIndex) {
        span(k);
      } else {
        wait_for(k, ready_behind_[k - first]);
        execute(k, k + 1 < end ? in_.start[k + 1] : window_end_);
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
    interval.lane = lane_;
    interval.start = cursor_;
    interval.end = until;
    interval.cause = cause;
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

  const CauseInput::Graph& graph_of(std::size_t k) const {
    return in_.graphs[in_.iterations[in_.iteration[k]].graph];
  }

  Nanoseconds ready(std::size_t k) const {
    if (in_.ready[k] != kNotTaken) return in_.ready[k];
    return activations_[in_.iteration[k]][graph_of(k).dependent_event[in_.task[k]]];
  }

  // For each slice, the earliest instant at which a later one of its iteration was enqueued and
  // ready.
  void find_ready_behind(std::size_t first, std::size_t end) {
    ready_behind_.assign(end - first, kNever);
    Nanoseconds earliest = kNever;
    std::uint32_t iteration = kNoIndex;
    for (std::size_t k = end; k-- > first;) {
      if (in_.task[k] == kNoIndex) continue;
      if (in_.iteration[k] != iteration) earliest = kNever;
      iteration = in_.iteration[k];
      ready_behind_[k - first] = earliest;
      if (ready(k) != kNotTaken) {
        earliest = std::min(earliest, std::max(ready(k), in_.enqueued[k]));
      }
    }
  }

  void wait_for(std::size_t k, Nanoseconds ready_behind) {
    const About about{in_.task[k], graph_of(k).dependent_event[in_.task[k]]};
    const Nanoseconds active = ready(k);
    const bool first = std::exchange(first_of_iteration_, false);
    if (per_kernel_) {
      if (active != kNotTaken) emit(active, Cause::kWaitDependency, about);
      return emit(limit_, Cause::kWaitLaunch, about);
    }
    if (in_.enqueued[k] != kNotTaken) wait_for_enqueue(k, active, first, about);
    if (active == kNotTaken) return emit(limit_, Cause::kUnknown, about);
    if (ready_behind < active) {
      emit(ready_behind, Cause::kWaitDependency, about);
      emit(active, Cause::kWaitHeadOfLine, about);
    }
    emit(active, Cause::kWaitDependency, about);
    if (in_.page[k] != kNotTaken) emit(in_.page[k], Cause::kWaitPage, about);
    emit(limit_, Cause::kWaitPoll, about);
  }

  void wait_for_enqueue(std::size_t k, Nanoseconds active, bool first, const About& about) {
    const Nanoseconds enqueued = in_.enqueued[k];
    const bool launched_on_activation = active != kNotTaken && active < enqueued;
    const bool waits_for_begin = about.event == 0U;
    if (first && (waits_for_begin || !launched_on_activation)) {
      return emit(enqueued, Cause::kIterationBoundary, about);
    }
    if (launched_on_activation) {
      emit(active, Cause::kWaitQueueEmpty, about);
      return emit(enqueued, Cause::kWaitScheduler, about);
    }
    emit(enqueued, Cause::kWaitQueueEmpty, about);
  }

  void execute(std::size_t k, Nanoseconds next_start) {
    const CauseInput::Graph& graph = graph_of(k);
    const About about{in_.task[k], std::nullopt};
    limit_ = std::min(in_.end[k], window_end_);
    if (facts(graph.kind[in_.task[k]]).cost == CostClass::kCommunication) {
      emit(limit_, Cause::kExecuteCommunication, about);
    }
    if (in_.first_data[k] != kNotTaken) emit(in_.first_data[k], Cause::kExecuteStartUp, about);
    constexpr std::array kByBound = {Cause::kExecute, Cause::kExecuteMemory,
                                     Cause::kExecuteCompute};
    emit(limit_, kByBound[static_cast<std::size_t>(in_.bound[k])], about);
    limit_ = std::min(next_start, window_end_);
    if (in_.notified[k] != kNotTaken) {
      emit(in_.notified[k], Cause::kNotify, {about.task, graph.triggering_event[in_.task[k]]});
    }
  }

  void span(std::size_t k) {
    emit(limit_, in_.iteration[k] == kNoIndex ? Cause::kIterationBoundary : Cause::kUnknown);
    limit_ = std::min(in_.end[k], window_end_);
    if (per_kernel_) return emit(limit_, Cause::kExecute);
    emit(limit_, in_.iteration[k] == kNoIndex ? Cause::kIterationBoundary : Cause::kNotify);
  }

  const CauseInput& in_;
  const std::vector<std::uint32_t>& iterations_;  // by start
  const std::vector<std::vector<Nanoseconds>>& activations_;
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
class Slices {
 public:
  explicit Slices(const RunRecord& record) : tasks_(record.tasks), spans_(record.spans) {}

  std::size_t size() const { return tasks_.size() + spans_.size(); }
  std::uint32_t lane(std::size_t i) const {
    return i < tasks_.size() ? tasks_[i].lane : spans_[i - tasks_.size()].lane;
  }
  TaskRecord operator[](std::size_t i) const {
    return i < tasks_.size() ? tasks_[i] : as_task(spans_[i - tasks_.size()]);
  }

  // Their numbers by (lane, start, end). Lanes are counted; within one most records are in order.
  std::vector<std::uint32_t> by_lane_and_time() const {
    std::vector<std::uint32_t> first;  // of each lane, in the result
    for (std::size_t i = 0; i < size(); ++i) {
      if (lane(i) + 2 > first.size()) first.resize(lane(i) + 2);
      ++first[lane(i) + 1];
    }
    std::partial_sum(first.begin(), first.end(), first.begin());
    std::vector<std::uint32_t> order(size());
    std::vector<std::uint32_t> at = first;
    for (std::uint32_t i = 0; i < order.size(); ++i) order[at[lane(i)]++] = i;
    const auto earlier = [this](std::uint32_t a, std::uint32_t b) { return time(a) < time(b); };
    for (std::size_t l = 0; l + 1 < first.size(); ++l) {
      const auto begin = order.begin() + first[l];
      const auto end = order.begin() + first[l + 1];
      if (!std::is_sorted(begin, end, earlier)) std::stable_sort(begin, end, earlier);
    }
    return order;
  }

 private:
  std::pair<Nanoseconds, Nanoseconds> time(std::size_t i) const {
    if (i < tasks_.size()) return {tasks_[i].start, tasks_[i].end};
    return {spans_[i - tasks_.size()].start, spans_[i - tasks_.size()].end};
  }
  static TaskRecord as_task(const SpanRecord& s) {
    TaskRecord t;
    t.task = kNoIndex;
    t.iteration = s.iteration.value_or(kNoIndex);
    t.lane = s.lane;
    t.start = s.start;
    t.end = s.end;
    return t;
  }

  const std::vector<TaskRecord>& tasks_;
  const std::vector<SpanRecord>& spans_;
};

// Columns of a record, in the order that CauseInput asks for.
struct RecordColumns {
  std::vector<std::uint32_t> lane, task, iteration;
  Instants enqueued, ready, page, start, first_data, end, notified;
  std::vector<Bound> bound;

  explicit RecordColumns(std::size_t rows) : bound(rows) {
    for (auto* column : {&lane, &task, &iteration}) column->resize(rows);
    for (auto* column : {&enqueued, &ready, &page, &start, &first_data, &end, &notified}) {
      column->resize(rows);
    }
  }

  void set(std::size_t row, const TaskRecord& t) {
    lane[row] = t.lane;
    task[row] = t.task;
    iteration[row] = t.iteration;
    enqueued.set(row, t.enqueued);
    ready.set(row, t.ready);
    page.set(row, t.page);
    start.set(row, t.start);
    first_data.set(row, t.first_data);
    end.set(row, t.end);
    notified.set(row, t.notified);
    bound[row] = t.bound;
  }
};

// Appends the intervals of each worker lane to `out`, and tells where those of a lane end.
template <typename AfterLane>
void walk_lanes(const CauseInput& in, std::vector<Interval>& out, AfterLane after_lane) {
  if (in.iterations.empty()) return;
  std::vector<std::uint32_t> iterations(in.iterations.size());
  std::iota(iterations.begin(), iterations.end(), 0U);
  std::stable_sort(iterations.begin(), iterations.end(), [&](std::uint32_t a, std::uint32_t b) {
    return in.iterations[a].start < in.iterations[b].start;
  });
  const std::vector<std::vector<Nanoseconds>> activations = activation_times(in);
  LaneWalk walk(in, iterations, activations, out);
  std::size_t first = 0;
  for (std::uint32_t lane = 0; lane < in.lanes.size(); ++lane) {
    std::size_t end = first;
    while (end < in.lane.size() && in.lane[end] == lane) ++end;
    if (in.lanes[lane].kind == LaneKind::kWorker) {
      walk.walk(lane, first, end);
      after_lane(lane);
    }
    first = end;
  }
}

}  // namespace

std::optional<Cause> cause_from_name(std::string_view name) {
  for (const CauseFacts& f : kCauses) {
    if (f.name == name) return f.cause;
  }
  return std::nullopt;
}

std::vector<std::vector<Nanoseconds>> activation_times(const CauseInput& in) {
  std::vector<std::vector<Nanoseconds>> times;
  std::vector<std::vector<std::uint32_t>> missing;  // notifications nobody has seen
  for (const IterationRecord& it : in.iterations) {
    const auto counts = in.graphs[it.graph].trigger_count;
    times.emplace_back(counts.size(), kNotTaken);
    missing.emplace_back(counts.begin(), counts.end());
  }
  for (std::size_t k = 0; k < in.start.size(); ++k) {
    if (in.task[k] == kNoIndex || in.notified[k] == kNotTaken) continue;
    const std::uint32_t it = in.iteration[k];
    const auto& graph = in.graphs[in.iterations[it].graph];
    const std::uint32_t event = graph.triggering_event[in.task[k]];
    times[it][event] = std::max(times[it][event], in.notified[k]);
    if (missing[it][event] > 0) --missing[it][event];
  }
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

void for_each_lane_intervals(
    const CauseInput& in,
    const std::function<void(std::uint32_t lane, std::span<const Interval> intervals)>& visit) {
  std::vector<Interval> intervals;
  walk_lanes(in, intervals, [&](std::uint32_t lane) {
    visit(lane, intervals);
    intervals.clear();
  });
}

std::vector<Interval> derive_intervals(const CauseInput& in) {
  constexpr std::size_t kUsual = 8;  // intervals a task, at most, where nothing is odd
  std::vector<Interval> all;
  all.reserve(kUsual * in.start.size());
  walk_lanes(in, all, [](std::uint32_t) {});
  return all;
}

std::vector<Interval> derive_intervals(const RunRecord& record) {
  const Slices slices(record);
  RecordColumns columns(slices.size());
  std::size_t row = 0;
  for (const std::uint32_t i : slices.by_lane_and_time()) columns.set(row++, slices[i]);
  CauseInput input;
  input.policy = record.policy.kind;
  for (const auto& graph : record.graphs) {
    input.graphs.push_back({graph->tasks().dependent_event, graph->tasks().triggering_event,
                            graph->tasks().kind, graph->events().trigger_count});
  }
  input.lanes = record.lanes;
  input.iterations = record.iterations;
  input.activations = record.activations;
  input.lane = columns.lane;
  input.task = columns.task;
  input.iteration = columns.iteration;
  input.enqueued = columns.enqueued;
  input.ready = columns.ready;
  input.page = columns.page;
  input.start = columns.start;
  input.first_data = columns.first_data;
  input.end = columns.end;
  input.notified = columns.notified;
  input.bound = columns.bound;
  return derive_intervals(input);
}

}  // namespace mk
