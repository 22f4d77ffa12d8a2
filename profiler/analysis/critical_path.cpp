#include "profiler/analysis/critical_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <numeric>

namespace mk {
namespace {

// When the slice's worker was free again.
Nanoseconds free_at(const SliceColumns& s, std::uint32_t slice) {
  return std::max(s.end[slice], s.notified[slice]);  // kNotTaken is below every instant
}

struct WorkerBefore {
  std::uint32_t task_slice = kNoIndex;  // the last task before it, in its iteration
  Nanoseconds free = kNotTaken;         // the worker, of that and of scheduler's steps after it
};

WorkerBefore worker_before(const TraceIndex& index, std::uint32_t slice) {
  const SliceColumns& s = index.trace().slices;
  WorkerBefore before;
  for (std::uint32_t k = index.before(slice); k != kNoIndex; k = index.before(k)) {
    if (s.iteration[k] != s.iteration[slice] && s.iteration[k] != kNoIndex) break;
    before.free = std::max(before.free, free_at(s, k));
    if (!s.is_task(k)) continue;
    before.task_slice = k;
    return before;
  }
  before.free = kNotTaken;  // nothing of this iteration
  return before;
}

// The producer of the event that notified last, kNoIndex iff none was recorded.
std::uint32_t last_producer(const TraceIndex& index, std::uint32_t iteration, std::uint32_t event) {
  const SliceColumns& s = index.trace().slices;
  std::uint32_t last = kNoIndex;
  for (const std::uint32_t task :
       index.producers(index.trace().iterations[iteration].graph, event)) {
    const std::uint32_t k = index.slice_of(iteration, task);
    if (k == kNoIndex) continue;
    if (last == kNoIndex || free_at(s, k) > free_at(s, last)) last = k;
  }
  return last;
}

struct Step {
  ChainLink link{};
  std::uint32_t next = kNoIndex;  // slice of what held it
};

Step step_from(const TraceIndex& index, std::uint32_t slice) {
  const Trace& trace = index.trace();
  const SliceColumns& s = trace.slices;
  Step step;
  step.link = {slice,          s.task[slice], s.iteration[slice], s.lane[slice],
               s.start[slice], s.end[slice],  HeldBy::kUnknown,   s.start[slice]};
  const std::uint32_t iteration = s.iteration[slice];
  const std::uint32_t event = trace.graph_of(iteration).tasks.dependent_event[s.task[slice]];
  const Nanoseconds ready = index.ready(slice);
  if (ready == kNotTaken) return step;
  const Nanoseconds offered = std::max(ready, s.enqueued[slice]);
  const WorkerBefore worker = worker_before(index, slice);
  if (worker.free != kNotTaken && worker.free > offered) {
    step.link.held_by = HeldBy::kWorker;
    step.link.released = std::min(worker.free, step.link.start);
    step.next = worker.task_slice;
  } else if (event == 0) {
    step.link.held_by = HeldBy::kBegin;
    step.link.released = std::min(trace.iterations[iteration].start, step.link.start);
  } else {
    step.next = last_producer(index, iteration, event);
    if (step.next == kNoIndex) return step;
    step.link.held_by = HeldBy::kProducer;
    step.link.released = std::min(ready, step.link.start);
  }
  return step;
}

// Back from `slice`. A damaged trace may go in circles: the chain is cut at the graph's length.
std::vector<ChainLink> chain_from(const TraceIndex& index, std::uint32_t slice) {
  std::vector<ChainLink> chain;
  const std::uint32_t iteration = index.trace().slices.iteration[slice];
  const std::size_t longest = index.trace().graph_of(iteration).task_count();
  while (slice != kNoIndex && chain.size() < longest) {
    const Step step = step_from(index, slice);
    chain.push_back(step.link);
    slice = step.next;
  }
  return chain;
}

// Collects segments from the end of the run backwards.
class Painter {
 public:
  Painter(const Trace& trace, std::vector<PathSegment>& out) : trace_(trace), out_(out) {}

  void begin_at(Nanoseconds end) { cursor_ = end; }

  // [from, cursor) gets the cause; nothing where `from` is not before the cursor.
  void paint(Nanoseconds from, Cause cause, std::uint32_t iteration,
             std::optional<std::uint32_t> task = {}) {
    if (from >= cursor_) return;
    out_.push_back({from, cursor_, cause, iteration, task});
    cursor_ = from;
  }

  void iteration(std::uint32_t i, const std::vector<ChainLink>& chain) {
    floor_ = trace_.iterations[i].start;
    for (const ChainLink& link : chain) {
      arrival(link);
      body(link);
      wait(link);
    }
    paint(floor_, Cause::kUnknown, i);  // where the chain was cut
  }

 private:
  void at(Nanoseconds from, Cause cause, const ChainLink& link) {
    paint(std::max(from, floor_), cause, link.iteration, link.task);
  }

  void arrival(const ChainLink& link) { at(link.end, Cause::kNotify, link); }

  void body(const ChainLink& link) {
    const SliceColumns& s = trace_.slices;
    const TaskKind kind = trace_.graph_of(link.iteration).tasks.kind[link.task];
    constexpr std::array kByBound = {Cause::kExecute, Cause::kExecuteMemory,
                                     Cause::kExecuteCompute};
    const bool sends = facts(kind).cost == CostClass::kCommunication;
    const Cause cause = sends ? Cause::kExecuteCommunication
                              : kByBound[static_cast<std::size_t>(s.bound[link.slice])];
    if (!sends && s.first_data[link.slice] != kNotTaken) {
      at(std::max(s.first_data[link.slice], link.start), cause, link);
      return at(link.start, Cause::kExecuteStartUp, link);
    }
    at(link.start, cause, link);
  }

  void wait(const ChainLink& link) {
    const std::vector<PathSegment> waits = waits_of(trace_, link);
    for (auto w = waits.rbegin(); w != waits.rend(); ++w) at(w->start, w->cause, link);
  }

  const Trace& trace_;
  std::vector<PathSegment>& out_;
  Nanoseconds cursor_ = 0;
  Nanoseconds floor_ = 0;
};

std::vector<PathBlame> blame_operators(const Trace& trace,
                                       const std::vector<PathSegment>& segments) {
  std::map<std::string, Nanoseconds> time;
  for (const PathSegment& segment : segments) {
    const std::string name = segment.task
                                 ? trace.graph_of(segment.iteration).op_of(*segment.task).name
                             : segment.cause == Cause::kUnknown ? "(not recorded)"
                                                                : "(between iterations)";
    time[name] += segment.end - segment.start;
  }
  std::vector<PathBlame> blame;
  const auto makespan = static_cast<double>(trace.makespan());
  for (const auto& [name, ns] : time) {
    const auto t = static_cast<double>(ns);
    blame.push_back({name, t * 1e-3, makespan > 0 ? t / makespan : 0});
  }
  std::stable_sort(blame.begin(), blame.end(),
                   [](const PathBlame& a, const PathBlame& b) { return a.time_us > b.time_us; });
  return blame;
}

std::vector<std::uint32_t> by_start(const Trace& trace) {
  std::vector<std::uint32_t> order(trace.iterations.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return trace.iterations[a].start < trace.iterations[b].start;
  });
  return order;
}

}  // namespace

std::string_view name_of(HeldBy held_by) {
  constexpr std::array<std::string_view, 4> kNames = {"begin", "producer", "worker", "unknown"};
  return kNames[static_cast<std::size_t>(held_by)];
}

Result<std::vector<ChainLink>> explain(const TraceIndex& index, std::uint32_t iteration,
                                       std::uint32_t task) {
  const Trace& trace = index.trace();
  if (iteration >= trace.iterations.size()) {
    return fail(ErrorCode::kNotFound, fmt::format("no iteration {}: the trace has {}", iteration,
                                                  trace.iterations.size()));
  }
  if (task >= trace.graph_of(iteration).task_count()) {
    return fail(ErrorCode::kNotFound, fmt::format("no task {}: the graph has {}", task,
                                                  trace.graph_of(iteration).task_count()));
  }
  const std::uint32_t slice = index.slice_of(iteration, task);
  if (slice == kNoIndex) {
    return fail(ErrorCode::kNotFound,
                fmt::format("the trace has no record of task {} ({}) in iteration {}", task,
                            trace.graph_of(iteration).task_name(task), iteration));
  }
  return chain_from(index, slice);
}

Result<std::uint32_t> find_task(const TraceGraph& graph, std::string_view name) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_number = error == std::errc() && end == name.data() + name.size();
  if (is_number && number < graph.task_count()) return number;
  for (std::uint32_t task = 0; !is_number && task < graph.task_count(); ++task) {
    if (graph.task_name(task) == name) return task;
  }
  if (graph.task_count() == 0) return fail(ErrorCode::kNotFound, "the graph has no tasks");
  return fail(
      ErrorCode::kNotFound,
      fmt::format("no task '{}': the graph's tasks are 0 ({}) .. {} ({})", name, graph.task_name(0),
                  graph.task_count() - 1, graph.task_name(graph.task_count() - 1)));
}

std::vector<PathSegment> waits_of(const Trace& trace, const ChainLink& link) {
  std::vector<PathSegment> waits;
  if (link.held_by == HeldBy::kUnknown) return waits;
  const SliceColumns& s = trace.slices;
  Nanoseconds cursor = link.released;
  const auto until = [&](Nanoseconds end, Cause cause) {
    end = std::min(end, link.start);
    if (end <= cursor) return;
    waits.push_back({cursor, end, cause, link.iteration, link.task});
    cursor = end;
  };
  if (facts(trace.policy.kind).family == PolicyFamily::kPerKernel) {
    until(link.start, Cause::kWaitLaunch);
    return waits;
  }
  if (link.held_by == HeldBy::kBegin) until(s.enqueued[link.slice], Cause::kIterationBoundary);
  if (link.held_by == HeldBy::kProducer) until(s.enqueued[link.slice], Cause::kWaitScheduler);
  until(s.page[link.slice], Cause::kWaitPage);  // kNotTaken is before every instant
  until(link.start, Cause::kWaitPoll);
  return waits;
}

CriticalPath critical_path(const TraceIndex& index) {
  const Trace& trace = index.trace();
  CriticalPath path;
  Painter painter(trace, path.segments);
  painter.begin_at(trace.end());
  const std::vector<std::uint32_t> order = by_start(trace);
  for (std::size_t n = order.size(); n-- > 0;) {
    const std::uint32_t i = order[n];
    painter.paint(trace.iterations[i].end, Cause::kIterationBoundary, i);
    const std::uint32_t last = last_producer(index, i, trace.graph_of(i).event_count() - 1);
    std::vector<ChainLink> chain;
    if (last != kNoIndex) chain = chain_from(index, last);
    painter.iteration(i, chain);
    path.links.insert(path.links.end(), chain.begin(), chain.end());
  }
  std::reverse(path.segments.begin(), path.segments.end());
  std::reverse(path.links.begin(), path.links.end());
  path.operators = blame_operators(trace, path.segments);
  return path;
}

}  // namespace mk
