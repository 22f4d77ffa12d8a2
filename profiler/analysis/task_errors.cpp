#include "profiler/analysis/task_errors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "profiler/analysis/stage.h"
#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

double us(Nanoseconds ns) { return static_cast<double>(ns) * 1e-3; }

constexpr std::array kColumns = {&TaskError::start_us,     &TaskError::layer_start_us,
                                 &TaskError::inherited_us, &TaskError::queue_us,
                                 &TaskError::hand_off_us,  &TaskError::duration_us,
                                 &TaskError::duration};

// A task in one run; start = ready + queue + hand_off.
struct Instants {
  Nanoseconds start = 0;  // from the iteration's begin
  Nanoseconds ready = 0;
  Nanoseconds queue = 0;
  Nanoseconds hand_off = 0;
  Nanoseconds duration = 0;
};

std::optional<Instants> instants_of(const TraceIndex& index, std::uint32_t slice) {
  const SliceColumns& s = index.trace().slices;
  const Nanoseconds begin = index.trace().iterations[s.iteration[slice]].start;
  const Nanoseconds ready = index.ready(slice);
  if (ready == kNotTaken) return std::nullopt;
  Nanoseconds free = begin;
  const std::uint32_t before = index.before(slice);
  if (before != kNoIndex) free = std::max({free, s.end[before], s.notified[before]});
  Instants at;
  at.start = s.start[slice] - begin;
  at.ready = ready - begin;
  at.queue = std::max<Nanoseconds>(0, free - ready);
  at.hand_off = at.start - at.ready - at.queue;
  at.duration = s.end[slice] - s.start[slice];
  return at;
}

// The finishers of one operator in one iteration.
struct Finish {
  Nanoseconds end = 0;
  std::pair<std::uint32_t, std::uint32_t> worker{};  // device, number

  friend bool operator<(const Finish& a, const Finish& b) {
    return std::pair(a.end, a.worker) < std::pair(b.end, b.worker);
  }
};

// Skews and stragglers of one run's barriers of one operator.
class Barriers {
 public:
  void add(std::vector<Finish>& finishers) {
    if (finishers.size() < 2) return;
    std::vector<double> ends;
    for (const Finish& f : finishers) ends.push_back(us(f.end));
    const Finish& last = *std::max_element(finishers.begin(), finishers.end());
    skews_.push_back(us(last.end) - median(std::move(ends)));
    ++last_[last.worker];
  }
  double skew() const { return median(skews_); }
  std::optional<Straggler> straggler() const {
    if (last_.empty()) return std::nullopt;
    const auto most =
        std::max_element(last_.begin(), last_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return Straggler{most->first.first, most->first.second,
                     static_cast<double>(most->second) / static_cast<double>(skews_.size())};
  }

 private:
  std::vector<double> skews_{};
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> last_{};
};

struct Collected {
  std::vector<TaskError> errors{};
  Barriers predicted{};
  Barriers measured{};
};

class Collector {
 public:
  Collector(const TraceIndex& predicted, const TraceIndex& measured)
      : predicted_(predicted), measured_(measured) {}

  void add_iteration(std::uint32_t iteration) {
    const TraceGraph& graph = measured_.trace().graph_of(iteration);
    struct Pair {
      std::uint32_t task;
      Instants predicted, measured;
    };
    std::vector<Pair> pairs;
    std::map<std::uint32_t, std::pair<Nanoseconds, Nanoseconds>> first;     // starts of a stage
    std::map<std::uint32_t, std::array<std::vector<Finish>, 2>> finishers;  // by operator
    for (std::uint32_t task = 0; task < graph.task_count(); ++task) {
      const std::uint32_t p = predicted_.slice_of(iteration, task);
      const std::uint32_t m = measured_.slice_of(iteration, task);
      if (p == kNoIndex || m == kNoIndex) continue;
      const auto a = instants_of(predicted_, p);
      const auto b = instants_of(measured_, m);
      if (!a || !b) continue;
      pairs.push_back({task, *a, *b});
      const auto [at, is_new] = first.try_emplace(stage_of(graph, task), a->start, b->start);
      if (!is_new) {
        at->second = {std::min(at->second.first, a->start), std::min(at->second.second, b->start)};
      }
      auto& ends = finishers[graph.tasks.op[task]];
      ends[0].push_back(finish_of(predicted_.trace(), p));
      ends[1].push_back(finish_of(measured_.trace(), m));
    }
    for (const Pair& pair : pairs) {
      const auto& [p, m] = first.at(stage_of(graph, pair.task));
      row_of(graph.op_of(pair.task).name)
          .errors.push_back(error(pair.predicted, pair.measured, p, m));
    }
    for (auto& [op, ends] : finishers) {
      Collected& row = row_of(graph.operators[op].name);
      row.predicted.add(ends[0]);
      row.measured.add(ends[1]);
    }
  }

  std::vector<OperatorErrors> rows() {
    std::vector<OperatorErrors> rows;
    Collected all;
    for (const auto& [name, row] : collected_) {
      all.errors.insert(all.errors.end(), row.errors.begin(), row.errors.end());
    }
    if (all.errors.empty()) return rows;
    rows.push_back(summary("(all)", all));
    for (const auto& [name, row] : collected_) rows.push_back(summary(name, row));
    return rows;
  }

 private:
  static Finish finish_of(const Trace& trace, std::uint32_t slice) {
    const Lane& lane = trace.lanes[trace.slices.lane[slice]];
    return {trace.slices.end[slice], {lane.device, lane.number}};
  }

  static TaskError error(const Instants& p, const Instants& m, Nanoseconds first_p,
                         Nanoseconds first_m) {
    TaskError e;
    e.start_us = us(p.start - m.start);
    e.layer_start_us = us((p.start - first_p) - (m.start - first_m));
    e.inherited_us = us(p.ready - m.ready);
    e.queue_us = us(p.queue - m.queue);
    e.hand_off_us = us(p.hand_off - m.hand_off);
    e.duration_us = us(p.duration - m.duration);
    if (m.duration > 0) e.duration = std::abs(e.duration_us) / us(m.duration);
    return e;
  }

  static OperatorErrors summary(const std::string& name, const Collected& collected) {
    OperatorErrors row;
    row.name = name;
    row.tasks = collected.errors.size();
    for (double TaskError::*const column : kColumns) {
      std::vector<double> sizes;
      for (const TaskError& e : collected.errors) sizes.push_back(std::abs(e.*column));
      row.median.*column = quantile(sizes, 0.5);
      row.p95.*column = quantile(sizes, 0.95);
    }
    row.predicted_skew_us = collected.predicted.skew();
    row.measured_skew_us = collected.measured.skew();
    row.predicted_last = collected.predicted.straggler();
    row.measured_last = collected.measured.straggler();
    return row;
  }

  // In the order in which operators first come.
  Collected& row_of(const std::string& name) {
    const auto [at, is_new] = place_.try_emplace(name, collected_.size());
    if (is_new) collected_.emplace_back(name, Collected{});
    return collected_[at->second].second;
  }

  const TraceIndex& predicted_;
  const TraceIndex& measured_;
  std::vector<std::pair<std::string, Collected>> collected_{};
  std::map<std::string, std::size_t> place_{};
};

}  // namespace

std::vector<OperatorErrors> task_errors(const TraceIndex& predicted, const TraceIndex& measured,
                                        std::uint32_t first, std::uint32_t end) {
  Collector collector(predicted, measured);
  for (std::uint32_t i = first; i < end; ++i) collector.add_iteration(i);
  return collector.rows();
}

}  // namespace mk
