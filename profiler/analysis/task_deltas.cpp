#include "profiler/analysis/task_deltas.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <tuple>
#include <utility>

namespace mk {
namespace {

double us(Nanoseconds ns) { return static_cast<double>(ns) * 1e-3; }

// A task's own time in one run, part by part.
struct OwnTime {
  Nanoseconds scheduler = 0;  // until it was enqueued
  Nanoseconds poll = 0;       // until its worker began, but for pages
  Nanoseconds page = 0;
  Nanoseconds execute = 0;
  Nanoseconds notify = 0;

  Nanoseconds sum() const { return scheduler + poll + page + execute + notify; }
};

// From when event and worker let the task begin; no later than its start.
Nanoseconds free_to_begin(const TraceIndex& index, std::uint32_t slice) {
  const SliceColumns& s = index.trace().slices;
  Nanoseconds free = index.trace().iterations[s.iteration[slice]].start;
  const std::uint32_t before = index.before(slice);
  if (before != kNoIndex) free = std::max({free, s.end[before], s.notified[before]});
  const Nanoseconds ready = index.ready(slice);
  if (ready == kNotTaken) return s.start[slice];
  return std::min(std::max(free, ready), s.start[slice]);
}

OwnTime own_time(const TraceIndex& index, std::uint32_t slice) {
  const SliceColumns& s = index.trace().slices;
  OwnTime own;
  const Nanoseconds start = s.start[slice];
  Nanoseconds at = free_to_begin(index, slice);
  const auto until = [&](Nanoseconds instant) {
    const Nanoseconds next = std::clamp(instant, at, start);
    return next - std::exchange(at, next);
  };
  own.scheduler = until(s.enqueued[slice]);
  own.poll = until(s.fetched[slice]);
  own.page = until(s.page[slice]);
  own.poll += until(start);
  own.execute = s.end[slice] - start;
  if (s.notified[slice] != kNotTaken) {
    own.notify = std::max<Nanoseconds>(s.notified[slice] - s.end[slice], 0);
  }
  return own;
}

Cause executing(const Trace& trace, std::uint32_t slice) {
  const std::uint32_t task = trace.slices.task[slice];
  const TraceGraph& graph = trace.graph_of(trace.slices.iteration[slice]);
  if (facts(graph.tasks.kind[task]).cost == CostClass::kCommunication)
    return Cause::kExecuteCommunication;
  switch (trace.slices.bound[slice]) {
    case Bound::kMemory:
      return Cause::kExecuteMemory;
    case Bound::kCompute:
      return Cause::kExecuteCompute;
    default:
      return Cause::kExecute;
  }
}

struct Candidate {
  Nanoseconds delta = 0;
  std::uint32_t iteration = 0;
  std::uint32_t task = 0;

  // The larger difference first.
  friend bool operator<(const Candidate& a, const Candidate& b) {
    return std::tuple(-std::abs(a.delta), a.iteration, a.task) <
           std::tuple(-std::abs(b.delta), b.iteration, b.task);
  }
};

// A heap whose top is the smallest difference that is kept.
class Largest {
 public:
  explicit Largest(std::uint32_t count) : count_(count) {}

  void offer(const Candidate& candidate) {
    if (candidate.delta == 0 || count_ == 0) return;
    if (kept_.size() == count_) {
      if (!(candidate < kept_.front())) return;
      std::pop_heap(kept_.begin(), kept_.end());
      kept_.pop_back();
    }
    kept_.push_back(candidate);
    std::push_heap(kept_.begin(), kept_.end());
  }
  std::vector<Candidate> take() {
    std::sort_heap(kept_.begin(), kept_.end());
    return std::move(kept_);
  }

 private:
  std::uint32_t count_;
  std::vector<Candidate> kept_{};
};

TaskTimes times_of(const Trace& trace, std::uint32_t slice, const OwnTime& own) {
  const SliceColumns& s = trace.slices;
  const Lane& lane = trace.lanes[s.lane[slice]];
  return {us(s.start[slice] - trace.iterations[s.iteration[slice]].start), us(own.execute),
          us(own.sum()), lane.device, lane.number};
}

TaskDelta describe(const TraceIndex& predicted, const TraceIndex& measured, const Candidate& c) {
  const std::uint32_t p_slice = predicted.slice_of(c.iteration, c.task);
  const std::uint32_t m_slice = measured.slice_of(c.iteration, c.task);
  const OwnTime p = own_time(predicted, p_slice);
  const OwnTime m = own_time(measured, m_slice);
  // What the predicted run says bounds the body, where the measured one could not tell.
  const Cause body = executing(measured.trace(), m_slice) == Cause::kExecute
                         ? executing(predicted.trace(), p_slice)
                         : executing(measured.trace(), m_slice);
  const std::array parts = {
      std::pair(body, p.execute - m.execute), std::pair(Cause::kWaitPoll, p.poll - m.poll),
      std::pair(Cause::kWaitScheduler, p.scheduler - m.scheduler),
      std::pair(Cause::kWaitPage, p.page - m.page), std::pair(Cause::kNotify, p.notify - m.notify)};
  const auto& [cause, delta] = *std::max_element(
      parts.begin(), parts.end(),
      [](const auto& a, const auto& b) { return std::abs(a.second) < std::abs(b.second); });
  return {c.iteration,
          c.task,
          measured.trace().graph_of(c.iteration).task_name(c.task),
          times_of(predicted.trace(), p_slice, p),
          times_of(measured.trace(), m_slice, m),
          cause,
          us(delta)};
}

}  // namespace

std::vector<TaskDelta> largest_task_deltas(const TraceIndex& predicted, const TraceIndex& measured,
                                           std::uint32_t first, std::uint32_t end,
                                           std::uint32_t count) {
  Largest largest(count);
  for (std::uint32_t i = first; i < end && count > 0; ++i) {
    const std::uint32_t tasks = measured.trace().graph_of(i).task_count();
    for (std::uint32_t task = 0; task < tasks; ++task) {
      const std::uint32_t p = predicted.slice_of(i, task);
      const std::uint32_t m = measured.slice_of(i, task);
      if (p == kNoIndex || m == kNoIndex) continue;
      largest.offer({own_time(predicted, p).sum() - own_time(measured, m).sum(), i, task});
    }
  }
  std::vector<TaskDelta> deltas;
  for (const Candidate& c : largest.take()) deltas.push_back(describe(predicted, measured, c));
  return deltas;
}

}  // namespace mk
