#include "profiler/analysis/analyze.h"

#include <algorithm>
#include <array>

#include "core/annotate.h"

namespace mk {
namespace {

using CauseSums = std::array<Nanoseconds, kCauses.size()>;

Cause largest(const CauseSums& sums) {
  return static_cast<Cause>(std::max_element(sums.begin(), sums.end()) - sums.begin());
}

// Goes over the intervals of all lanes, which stand by lane and time.
class Collector {
 public:
  Collector(const Trace& trace, std::vector<Bubble>& bubbles) : bubbles_(bubbles) {
    uses_.resize(trace.lanes.size());
  }

  void add(const Interval& interval) {
    if (in_bubble_ && bubble_.lane != interval.lane()) close({});
    const Nanoseconds time = interval.end - interval.start;
    sums_[static_cast<std::size_t>(interval.cause())] += time;
    if (facts(interval.cause()).is_executing) {
      uses_[interval.lane()].busy += time;
      return close(interval.task);
    }
    if (!in_bubble_) {
      bubble_ = {interval.lane(), interval.start, interval.end, interval.cause(), {}, 0};
      in_bubble_ = true;
    }
    bubble_.end = interval.end;
    bubble_.iteration = interval.iteration;
    bubble_sums_[static_cast<std::size_t>(interval.cause())] += time;
  }

  void close(std::optional<std::uint32_t> task) {
    if (!in_bubble_) return;
    bubble_.task = task;
    bubble_.cause = largest(bubble_sums_);
    LaneUse& use = uses_[bubble_.lane];
    use.longest_wait = std::max(use.longest_wait, bubble_.end - bubble_.start);
    bubbles_.push_back(bubble_);
    bubble_sums_ = {};
    in_bubble_ = false;
  }

  const CauseSums& sums() const { return sums_; }
  const LaneUse& use(std::uint32_t lane) const { return uses_[lane]; }

 private:
  std::vector<Bubble>& bubbles_;
  std::vector<LaneUse> uses_{};
  CauseSums sums_{};
  CauseSums bubble_sums_{};
  Bubble bubble_{};
  bool in_bubble_ = false;
};

void keep_longest(std::vector<Bubble>& bubbles, std::size_t count) {
  const std::size_t kept = std::min(count, bubbles.size());
  std::partial_sort(bubbles.begin(), bubbles.begin() + static_cast<std::ptrdiff_t>(kept),
                    bubbles.end(), [](const Bubble& a, const Bubble& b) {
                      const Nanoseconds length_a = a.end - a.start;
                      const Nanoseconds length_b = b.end - b.start;
                      if (length_a != length_b) return length_a > length_b;
                      return std::pair(a.lane, a.start) < std::pair(b.lane, b.start);
                    });
  bubbles.resize(kept);
}

}  // namespace

Analysis analyze(const Trace& trace, const AnalyzeOptions& options) {
  const Annotation phase("analyze");
  Analysis out;
  out.makespan = trace.makespan();
  out.iterations = static_cast<std::uint32_t>(trace.iterations.size());
  Collector collector(trace, out.bubbles);
  for (const Interval& interval : intervals_of(trace)) collector.add(interval);
  collector.close({});
  keep_longest(out.bubbles, options.bubbles);

  std::vector<std::uint64_t> tasks(trace.lanes.size());
  for (std::size_t k = 0; k < trace.slices.size(); ++k) {
    if (trace.slices.is_task(k)) ++tasks[trace.slices.lane[k]];
  }
  const auto makespan = static_cast<double>(out.makespan);
  Nanoseconds busy = 0;
  for (std::uint32_t lane = 0; lane < trace.lanes.size(); ++lane) {
    if (trace.lanes[lane].kind != LaneKind::kWorker) continue;
    LaneUse use = collector.use(lane);
    use.lane = lane;
    use.tasks = tasks[lane];
    use.busy_fraction = makespan > 0 ? static_cast<double>(use.busy) / makespan : 0;
    busy += use.busy;
    out.lanes.push_back(use);
  }
  out.workers = static_cast<std::uint32_t>(out.lanes.size());
  const double all = makespan * out.workers;
  if (all > 0) out.busy_fraction = static_cast<double>(busy) / all;
  for (const CauseFacts& cause : kCauses) {
    const Nanoseconds time = collector.sums()[static_cast<std::size_t>(cause.cause)];
    if (time > 0) out.causes.push_back({cause.cause, time, static_cast<double>(time) / all});
  }
  return out;
}

}  // namespace mk
