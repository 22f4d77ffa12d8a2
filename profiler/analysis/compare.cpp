#include "profiler/analysis/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "core/annotate.h"
#include "profiler/analysis/iteration_window.h"
#include "profiler/analysis/stage.h"
#include "profiler/analysis/statistics.h"
#include "profiler/analysis/trace_index.h"

namespace mk {
namespace {

constexpr std::array<std::pair<BreakdownBy, std::string_view>, 4> kBreakdowns = {{
    {BreakdownBy::kOperator, "operator"},
    {BreakdownBy::kWorker, "worker"},
    {BreakdownBy::kLayer, "layer"},
    {BreakdownBy::kCause, "cause"},
}};

double us(Nanoseconds ns) { return static_cast<double>(ns) * 1e-3; }

// A worker is the same in both traces iff device and number are.
using Worker = std::pair<std::uint32_t, std::uint32_t>;

Worker worker_of(const Trace& trace, std::uint32_t lane) {
  return {trace.lanes[lane].device, trace.lanes[lane].number};
}

std::string describe(const TraceGraph& graph) {
  return fmt::format("{:016x} ({}, {} tasks, grids for {} workers)", graph.hash, graph.info.model,
                     graph.task_count(), graph.info.workers);
}

Status check_same_graphs(const Trace& a, const Trace& b, std::uint32_t iterations) {
  for (std::uint32_t i = 0; i < iterations; ++i) {
    if (a.graph_of(i).hash == b.graph_of(i).hash) continue;
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the traces ran different graphs: in iteration {} predicted {}, "
                            "measured {}",
                            i, describe(a.graph_of(i)), describe(b.graph_of(i))));
  }
  return {};
}

// One side of a comparison.
struct Side {
  const Trace& trace;
  TraceIndex index;

  explicit Side(const Trace& t) : trace(t), index(t) {}
  std::uint32_t slice(std::uint32_t iteration, std::uint32_t task) const {
    return index.slice_of(iteration, task);
  }
  // From the iteration's begin.
  double start(std::uint32_t iteration, std::uint32_t slice) const {
    return us(trace.slices.start[slice] - trace.iterations[iteration].start);
  }
  double duration(std::uint32_t slice) const {
    return us(trace.slices.end[slice] - trace.slices.start[slice]);
  }
  double iteration_us(std::uint32_t i) const {
    return us(trace.iterations[i].end - trace.iterations[i].start);
  }
};

class Comparer {
 public:
  Comparer(const Trace& predicted, const Trace& measured, const CompareOptions& options)
      : predicted_(predicted),
        measured_(measured),
        by_(options.by),
        tasks_(options.tasks),
        parts_(options.parts) {}

  Comparison run(std::uint32_t warmup, std::uint32_t end) {
    out_.warmup = warmup;
    out_.iterations = end - warmup;
    note_what_differs(end);
    for (std::uint32_t i = warmup; i < end; ++i) add_iteration(i);
    if (by_ == BreakdownBy::kCause) {
      add_causes(predicted_.trace, warmup, end, &BreakdownRow::predicted_us);
      add_causes(measured_.trace, warmup, end, &BreakdownRow::measured_us);
    }
    if (parts_) out_.parts = task_errors(predicted_.index, measured_.index, warmup, end);
    out_.tasks = largest_task_deltas(predicted_.index, measured_.index, warmup, end, tasks_);
    finish();
    return std::move(out_);
  }

 private:
  struct Pair {
    std::uint32_t task;
    std::uint32_t predicted;  // slices
    std::uint32_t measured;
  };

  std::vector<Pair> match(std::uint32_t iteration) {
    std::vector<Pair> pairs;
    const std::uint32_t tasks = measured_.trace.graph_of(iteration).task_count();
    for (std::uint32_t task = 0; task < tasks; ++task) {
      const std::uint32_t p = predicted_.slice(iteration, task);
      const std::uint32_t m = measured_.slice(iteration, task);
      if (p != kNoIndex && m != kNoIndex) {
        pairs.push_back({task, p, m});
      } else {
        out_.only_predicted += p != kNoIndex ? 1 : 0;
        out_.only_measured += m != kNoIndex ? 1 : 0;
      }
    }
    out_.matched_tasks += pairs.size();
    return pairs;
  }

  void add_iteration(std::uint32_t i) {
    predicted_us_.push_back(predicted_.iteration_us(i));
    measured_us_.push_back(measured_.iteration_us(i));
    const std::vector<Pair> pairs = match(i);
    add_starts(i, pairs);
    add_layer_starts(i, pairs);
    add_finishes(i, pairs);
    for (const Pair& pair : pairs) {
      const double p = predicted_.duration(pair.predicted);
      const double m = measured_.duration(pair.measured);
      if (m > 0) durations_.push_back(std::abs(p - m) / m);
      add_breakdown(i, pair, p, m);
    }
  }

  void add_starts(std::uint32_t i, const std::vector<Pair>& pairs) {
    std::vector<double> p;
    std::vector<double> m;
    for (const Pair& pair : pairs) {
      p.push_back(predicted_.start(i, pair.predicted));
      m.push_back(measured_.start(i, pair.measured));
      starts_.push_back(std::abs(p.back() - m.back()));
      const Worker predicted =
          worker_of(predicted_.trace, predicted_.trace.slices.lane[pair.predicted]);
      const Worker measured =
          worker_of(measured_.trace, measured_.trace.slices.lane[pair.measured]);
      same_worker_ += predicted == measured ? 1 : 0;
    }
    taus_.push_back(kendall_tau(p, m));
  }

  void add_layer_starts(std::uint32_t i, const std::vector<Pair>& pairs) {
    const TraceGraph& graph = measured_.trace.graph_of(i);
    std::map<std::uint32_t, std::pair<double, double>> first;
    for (const Pair& pair : pairs) {
      const double p = predicted_.start(i, pair.predicted);
      const double m = measured_.start(i, pair.measured);
      const auto [at, is_new] = first.try_emplace(stage_of(graph, pair.task), p, m);
      if (is_new) continue;
      at->second = {std::min(at->second.first, p), std::min(at->second.second, m)};
    }
    for (const Pair& pair : pairs) {
      const auto& [p, m] = first.at(stage_of(graph, pair.task));
      layer_starts_.push_back(std::abs((predicted_.start(i, pair.predicted) - p) -
                                       (measured_.start(i, pair.measured) - m)));
    }
  }

  static void raise(std::map<Worker, double>& last, const Side& side, std::uint32_t i,
                    std::uint32_t slice) {
    const Worker worker = worker_of(side.trace, side.trace.slices.lane[slice]);
    double& end = last[worker];
    end = std::max(end, side.start(i, slice) + side.duration(slice));
  }

  void add_finishes(std::uint32_t i, const std::vector<Pair>& pairs) {
    std::map<Worker, double> predicted;
    std::map<Worker, double> measured;
    for (const Pair& pair : pairs) {
      raise(predicted, predicted_, i, pair.predicted);
      raise(measured, measured_, i, pair.measured);
    }
    for (const auto& [worker, end] : measured) {
      const auto other = predicted.find(worker);
      if (other == predicted.end() || measured_.iteration_us(i) <= 0) continue;
      finishes_.push_back(std::abs(other->second - end) / measured_.iteration_us(i));
    }
  }

  // Rows of one kind of breakdown sort by their key.
  BreakdownRow& row(std::uint64_t key, const std::string& name) {
    BreakdownRow& row = rows_[key];
    if (row.name.empty()) row.name = name;
    return row;
  }

  // Operators of all layers with one name are one row, at the place of the first.
  std::uint64_t operator_key(const TraceGraph& graph, std::uint32_t op) {
    return operator_keys_.try_emplace(graph.operators[op].name, operator_keys_.size())
        .first->second;
  }

  BreakdownRow& task_row(std::uint32_t i, const Pair& pair, std::uint32_t lane,
                         const Trace& trace) {
    const TraceGraph& graph = trace.graph_of(i);
    const TraceOperator& op = graph.op_of(pair.task);
    if (by_ == BreakdownBy::kWorker) {
      const auto [device, number] = worker_of(trace, lane);
      const std::uint64_t key = std::uint64_t{device} << 32 | number;
      return row(key, device == 0 ? fmt::format("worker {}", number)
                                  : fmt::format("gpu{} worker {}", device, number));
    }
    if (by_ == BreakdownBy::kLayer) {
      return op.layer ? row(*op.layer + std::uint64_t{1}, fmt::format("layer {}", *op.layer))
                      : row(0, "no layer");
    }
    return row(operator_key(graph, graph.tasks.op[pair.task]), op.name);
  }

  void add_breakdown(std::uint32_t i, const Pair& pair, double p, double m) {
    if (by_ == BreakdownBy::kCause) return;
    const std::uint32_t measured_lane = measured_.trace.slices.lane[pair.measured];
    const std::uint32_t predicted_lane = predicted_.trace.slices.lane[pair.predicted];
    BreakdownRow& measured = task_row(i, pair, measured_lane, measured_.trace);
    ++measured.tasks;
    measured.measured_us += m;
    task_row(i, pair, predicted_lane, predicted_.trace).predicted_us += p;
  }

  void add_causes(const Trace& trace, std::uint32_t first, std::uint32_t end,
                  double BreakdownRow::*column) {
    for (const Interval& interval : intervals_of(trace)) {
      if (interval.iteration < first || interval.iteration >= end) continue;
      const CauseFacts& cause = facts(interval.cause());
      row(static_cast<std::uint64_t>(interval.cause()), std::string(cause.name)).*column +=
          us(interval.end - interval.start);
    }
  }

  void note_what_differs(std::uint32_t end) {
    const auto note = [&](std::string text) { out_.notes.push_back(std::move(text)); };
    const std::size_t p = predicted_.trace.iterations.size();
    const std::size_t m = measured_.trace.iterations.size();
    if (p != m) {
      note(fmt::format("{} iterations predicted, {} measured: the first {} are compared", p, m,
                       end));
    }
    const Roles& a = predicted_.trace.roles;
    const Roles& b = measured_.trace.roles;
    if (a != b) {
      note(
          fmt::format("predicted with {} workers and {} schedulers, measured with {} and {}: "
                      "workers are matched by number",
                      a.workers, a.schedulers, b.workers, b.schedulers));
    }
    if (predicted_.trace.policy != measured_.trace.policy) {
      note(fmt::format("predicted under policy {}, measured under {}",
                       facts(predicted_.trace.policy.kind).name,
                       facts(measured_.trace.policy.kind).name));
    }
    for (std::uint32_t i = 0; i < end; ++i) {
      if (predicted_.trace.iterations[i].state == measured_.trace.iterations[i].state) continue;
      note(fmt::format("iteration {} was predicted for other requests or contexts than it ran on",
                       i));
      break;
    }
    for (const Side* side : {&predicted_, &measured_}) {
      for (const HealthRecord& h : side->trace.health) {
        note(fmt::format("{} trace: {} {}: {}", side == &predicted_ ? "predicted" : "measured",
                         h.count, h.kind, h.message));
      }
    }
  }

  static MedianP95 median_p95(std::vector<double>& values) {
    MedianP95 figures;
    figures.median = quantile(values, 0.5);
    figures.p95 = quantile(values, 0.95);
    return figures;
  }

  static double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double v : values) sum += v;
    return values.empty() ? 0 : sum / static_cast<double>(values.size());
  }

  void finish() {
    out_.predicted_iteration_us = median(predicted_us_);
    out_.measured_iteration_us = median(measured_us_);
    if (out_.measured_iteration_us > 0) {
      out_.end_to_end_error = std::abs(out_.predicted_iteration_us - out_.measured_iteration_us) /
                              out_.measured_iteration_us;
    }
    const auto matched = static_cast<double>(out_.matched_tasks);
    out_.placement_agreement = matched > 0 ? static_cast<double>(same_worker_) / matched : 0;
    out_.order_agreement = mean(taus_);
    out_.start_error_us = median_p95(starts_);
    out_.layer_start_error_us = median_p95(layer_starts_);
    out_.duration_error = median_p95(durations_);
    out_.worker_finish_error = mean(finishes_);
    for (auto& [key, row] : rows_) {
      row.predicted_us /= out_.iterations;
      row.measured_us /= out_.iterations;
      out_.breakdown.push_back(std::move(row));
    }
    if (out_.only_predicted + out_.only_measured > 0) {
      out_.notes.push_back(fmt::format("{} task records only predicted, {} only measured",
                                       out_.only_predicted, out_.only_measured));
    }
  }

  Side predicted_;
  Side measured_;
  BreakdownBy by_;
  std::uint32_t tasks_;
  bool parts_;
  Comparison out_{};
  std::vector<double> predicted_us_{}, measured_us_{}, starts_{}, layer_starts_{}, durations_{},
      finishes_{}, taus_{};
  std::uint64_t same_worker_ = 0;
  std::map<std::uint64_t, BreakdownRow> rows_{};
  std::map<std::string, std::uint64_t> operator_keys_{};
};

}  // namespace

std::string_view name_of(BreakdownBy by) {
  return kBreakdowns[static_cast<std::size_t>(by)].second;
}

std::optional<BreakdownBy> breakdown_from_name(std::string_view name) {
  for (const auto& [by, by_name] : kBreakdowns) {
    if (by_name == name) return by;
  }
  return std::nullopt;
}

namespace {

Result<Comparison> compare_from_the_first(const Trace& predicted, const Trace& measured,
                                          const CompareOptions& options) {
  const auto end =
      static_cast<std::uint32_t>(std::min(predicted.iterations.size(), measured.iterations.size()));
  if (end == 0) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the {} trace has no iteration to compare",
                            predicted.iterations.empty() ? "predicted" : "measured"));
  }
  if (Status status = check_same_graphs(predicted, measured, end); !status) {
    return tl::unexpected(status.error());
  }
  const std::uint32_t warmup = options.warmup.value_or(end > 1 ? 1 : 0);
  if (warmup >= end) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} warm-up iterations leave none of {} to compare", warmup, end));
  }
  return Comparer(predicted, measured, options).run(warmup, end);
}

}  // namespace

Result<Comparison> compare(const Trace& predicted, const Trace& measured,
                           const CompareOptions& options) {
  const Annotation phase("compare");
  const std::uint32_t a = iterations_before(predicted);
  const std::uint32_t b = iterations_before(measured);
  if (a == b) return compare_from_the_first(predicted, measured, options);
  const Trace& longer = a < b ? predicted : measured;
  const std::uint32_t missing = a < b ? b - a : a - b;
  const auto there = static_cast<std::uint32_t>(longer.iterations.size());
  if (missing >= there) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the {} trace begins with iteration {} of its run, the {} one has {} "
                            "only, from {} on",
                            a < b ? "measured" : "predicted", std::max(a, b),
                            a < b ? "predicted" : "measured", there, std::min(a, b)));
  }
  const Trace window = iteration_window(longer, missing, there - missing);
  return a < b ? compare_from_the_first(window, measured, options)
               : compare_from_the_first(predicted, window, options);
}

std::string verdict(const Comparison& c) {
  const double difference = c.predicted_iteration_us - c.measured_iteration_us;
  std::string text =
      fmt::format("predicted {:.1f} us, measured {:.1f} us an iteration: {:.1f} % too {}",
                  c.predicted_iteration_us, c.measured_iteration_us, 100 * c.end_to_end_error,
                  difference < 0 ? "fast" : "slow");
  const auto largest = std::max_element(c.breakdown.begin(), c.breakdown.end(),
                                        [](const BreakdownRow& a, const BreakdownRow& b) {
                                          return std::abs(a.delta_us()) < std::abs(b.delta_us());
                                        });
  if (largest != c.breakdown.end()) {
    text += fmt::format("; most differs {}: {:+.1f} us of {:.1f} us, summed over workers",
                        largest->name, largest->delta_us(), largest->measured_us);
  }
  if (!c.tasks.empty()) {
    const TaskDelta& task = c.tasks.front();
    text +=
        fmt::format("; of tasks, {} of iteration {}: {:+.2f} us, {:+.2f} us of it {}", task.name,
                    task.iteration, task.delta_us(), task.cause_delta_us, facts(task.cause).name);
  }
  return text;
}

}  // namespace mk
