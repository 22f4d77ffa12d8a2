#include "profiler/analysis/slack.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

constexpr Nanoseconds kUnbounded = std::numeric_limits<Nanoseconds>::max();

// Goes over the tasks from the last to the first, so that what a task delays comes before it.
class BackwardPass {
 public:
  explicit BackwardPass(const TraceIndex& index)
      : index_(index), trace_(index.trace()), slack_(trace_.slices.size(), kNotTaken) {
    for (std::uint32_t i = 0; i < trace_.iterations.size(); ++i) {
      event_slack_.emplace_back(trace_.graph_of(i).event_count(), kUnbounded);
      event_slack_[i].back() = 0;  // `end`
      last_arrival_.emplace_back(trace_.graph_of(i).event_count(), kNotTaken);
    }
    next_.assign(trace_.slices.size(), kNoIndex);
    for (std::uint32_t k = 1; k < next_.size(); ++k) {
      if (trace_.slices.lane[k] == trace_.slices.lane[k - 1]) next_[k - 1] = k;
    }
    for (std::uint32_t k = 0; k < next_.size(); ++k) {
      if (trace_.slices.is_task(k)) arrive(k);
    }
  }

  std::vector<Nanoseconds> run() {
    const SliceColumns& s = trace_.slices;
    std::vector<std::uint32_t> order(s.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(s.start[a], a) > std::pair(s.start[b], b);
    });
    for (const std::uint32_t k : order) {
      if (s.is_task(k)) visit(k);
    }
    return std::move(slack_);
  }

 private:
  Nanoseconds done(std::uint32_t k) const {
    return std::max(trace_.slices.end[k], trace_.slices.notified[k]);
  }

  void arrive(std::uint32_t k) {
    const std::uint32_t i = trace_.slices.iteration[k];
    const TaskColumns& tasks = trace_.graph_of(i).tasks;
    Nanoseconds& last = last_arrival_[i][tasks.triggering_event[trace_.slices.task[k]]];
    last = std::max(last, done(k));
  }

  void visit(std::uint32_t k) {
    const std::uint32_t i = trace_.slices.iteration[k];
    const TaskColumns& tasks = trace_.graph_of(i).tasks;
    const std::uint32_t task = trace_.slices.task[k];
    const Nanoseconds mine = std::min(until_event(k, tasks.triggering_event[task]), until_next(k));
    slack_[k] = std::max<Nanoseconds>(mine == kUnbounded ? 0 : mine, 0);
    absorb(k, tasks.dependent_event[task]);
  }

  // By which its arrival may be late.
  Nanoseconds until_event(std::uint32_t k, std::uint32_t event) const {
    const std::uint32_t i = trace_.slices.iteration[k];
    const Nanoseconds later = event_slack_[i][event];
    if (later == kUnbounded) return kUnbounded;
    return later + (last_arrival_[i][event] - done(k));
  }

  // By which its worker's next task may be late, and what that waited for its event after the
  // worker was free.
  Nanoseconds until_next(std::uint32_t k) const {
    const std::uint32_t next = next_[k];
    const SliceColumns& s = trace_.slices;
    if (next == kNoIndex || s.iteration[next] != s.iteration[k]) return kUnbounded;
    if (!s.is_task(next)) return std::max<Nanoseconds>(s.start[next] - done(k), 0);
    const Nanoseconds ready = index_.ready(next);
    const Nanoseconds until = ready == kNotTaken ? s.start[next] : ready;
    return slack_[next] + std::max<Nanoseconds>(until - done(k), 0);
  }

  // The task's event may be late by the task's slack, and by what the task waited for its worker
  // beyond the event.
  void absorb(std::uint32_t k, std::uint32_t event) {
    const SliceColumns& s = trace_.slices;
    const Nanoseconds ready = index_.ready(k);
    const std::uint32_t before = index_.before(k);
    Nanoseconds beyond = 0;
    if (ready != kNotTaken && before != kNoIndex && s.iteration[before] == s.iteration[k]) {
      beyond = std::max<Nanoseconds>(done(before) - ready, 0);
    }
    Nanoseconds& later = event_slack_[s.iteration[k]][event];
    later = std::min(later, slack_[k] + beyond);
  }

  const TraceIndex& index_;
  const Trace& trace_;
  std::vector<Nanoseconds> slack_;
  std::vector<std::vector<Nanoseconds>> event_slack_{};   // by iteration and event
  std::vector<std::vector<Nanoseconds>> last_arrival_{};  // likewise
  std::vector<std::uint32_t> next_{};                     // slice on its lane
};

std::vector<OperatorSlack> by_operator(const Trace& trace, const std::vector<Nanoseconds>& slack) {
  std::map<std::string, std::vector<double>> values;
  std::vector<std::string> order;
  for (const TraceGraph& graph : trace.graphs) {
    for (const TraceOperator& op : graph.operators) {
      if (values.try_emplace(op.name).second) order.push_back(op.name);
    }
  }
  for (std::uint32_t k = 0; k < slack.size(); ++k) {
    if (slack[k] == kNotTaken) continue;
    const TraceGraph& graph = trace.graph_of(trace.slices.iteration[k]);
    values[graph.op_of(trace.slices.task[k]).name].push_back(static_cast<double>(slack[k]) * 1e-3);
  }
  std::vector<OperatorSlack> rows;
  for (const std::string& name : order) {
    std::vector<double>& v = values[name];
    if (v.empty()) continue;
    OperatorSlack row{name, v.size()};
    row.critical_share =
        static_cast<double>(std::count(v.begin(), v.end(), 0.0)) / static_cast<double>(v.size());
    row.median_us = quantile(v, 0.5);
    row.p95_us = quantile(v, 0.95);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Slack slack(const TraceIndex& index) {
  Slack out;
  out.of_slice = BackwardPass(index).run();
  out.operators = by_operator(index.trace(), out.of_slice);
  return out;
}

}  // namespace mk
