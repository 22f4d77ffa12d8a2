#include "profiler/analysis/body_samples.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "profiler/analysis/record_groups.h"
#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

// Integral over time of the number of streams that run, as steps.
class StreamCount {
 public:
  void add(Nanoseconds start, Nanoseconds end) {
    changes_.emplace_back(start, 1);
    changes_.emplace_back(end, -1);
  }
  void finish() {
    std::sort(changes_.begin(), changes_.end());
    double integral = 0;
    int running = 0;
    Nanoseconds now = changes_.empty() ? 0 : changes_.front().first;
    for (const auto& [at, change] : changes_) {
      integral += static_cast<double>(at - now) * running;
      now = at;
      running += change;
      steps_.push_back({at, integral, running});
    }
    changes_.clear();
  }
  double mean(Nanoseconds start, Nanoseconds end) const {
    if (end <= start) return 1;
    return (at(end) - at(start)) / static_cast<double>(end - start);
  }

 private:
  struct Step {
    Nanoseconds time;
    double integral;
    int running;
  };
  double at(Nanoseconds time) const {
    const auto next =
        std::upper_bound(steps_.begin(), steps_.end(), time,
                         [](Nanoseconds t, const Step& step) { return t < step.time; });
    if (next == steps_.begin()) return 0;
    const Step& step = *(next - 1);
    return step.integral + static_cast<double>(time - step.time) * step.running;
  }
  std::vector<std::pair<Nanoseconds, int>> changes_{};
  std::vector<Step> steps_{};
};

// The bodies of one trace by kind.
class Collector {
 public:
  Collector(const Trace& trace, BodySamples& out) : trace_(trace), groups_(trace), out_(out) {}

  void run() {
    const SliceColumns& s = trace_.slices;
    for (std::size_t k = 0; k < s.size(); ++k) {
      if (s.is_task(k) && streams(kind_of(k))) count_.add(s.start[k], s.end[k]);
    }
    count_.finish();
    for (std::size_t k = 0; k < s.size(); ++k) {
      const bool used =
          s.is_task(k) && s.iteration[k] >= first_steady_iteration(trace_) && s.end[k] > s.start[k];
      if (!used) continue;
      const bool is_preloaded = s.preload[k] != kNotTaken && s.preload[k] < s.start[k];
      if (is_preloaded) {
        ++out_.preloaded;
      } else {
        out_.by_kind[index_of(kind_of(k))].push_back(sample(k));
      }
    }
  }

 private:
  TaskKind kind_of(std::size_t k) const {
    return trace_.graph_of(trace_.slices.iteration[k]).tasks.kind[trace_.slices.task[k]];
  }

  // Amounts of a class in an iteration, evaluated once.
  const Sample& amounts(std::uint32_t iteration, std::uint32_t task) {
    const TraceGraph& graph = trace_.graph_of(iteration);
    const std::uint32_t id = graph.tasks.task_class[task];
    const auto [found, is_new] = amounts_.try_emplace({iteration, id});
    if (is_new) {
      const TaskClass& c = graph.classes[id];
      const IterationState& state = trace_.iterations[iteration].state;
      found->second.bytes = static_cast<double>(c.weight_bytes.at(state) + c.kv_bytes.at(state));
      found->second.kib = static_cast<double>(c.activation_bytes.at(state)) / 1024;
      found->second.flops = static_cast<double>(c.flops.at(state));
    }
    return found->second;
  }

  Sample sample(std::size_t k) {
    const SliceColumns& s = trace_.slices;
    Sample sample = amounts(s.iteration[k], s.task[k]);
    sample.us = static_cast<double>(s.end[k] - s.start[k]) * 1e-3;
    if (s.first_data[k] != kNotTaken) {
      sample.start_up_us = static_cast<double>(s.first_data[k] - s.start[k]) * 1e-3;
    }
    sample.streams = std::max(1.0, count_.mean(s.start[k], s.end[k]));
    sample.group = groups_.of(k);
    return sample;
  }

  const Trace& trace_;
  RecordGroups groups_;
  BodySamples& out_;
  StreamCount count_{};
  std::map<std::pair<std::uint32_t, std::uint32_t>, Sample> amounts_{};
};

}  // namespace

void add_bodies(const Trace& trace, BodySamples& out) { Collector(trace, out).run(); }

bool streams(TaskKind kind) {
  return facts(kind).cost == CostClass::kStream || facts(kind).cost == CostClass::kCache;
}

std::vector<double> column(const Samples& samples, double Sample::*member) {
  std::vector<double> values;
  for (const Sample& s : samples) values.push_back(s.*member);
  return values;
}

std::map<int, Samples> by_streams(const Samples& samples) {
  constexpr double kWhole = 8;     // up to which whole numbers are told apart,
  constexpr double kWidth = 1.25;  // and levels of that width beyond
  std::map<int, Samples> bins;
  for (const Sample& s : samples) {
    const double nearest = std::round(s.streams);
    if (s.streams > kWhole) {
      bins[static_cast<int>(kWhole + 1 + std::log(s.streams / kWhole) / std::log(kWidth))]
          .push_back(s);
    } else if (std::abs(s.streams - nearest) <= 0.15) {
      bins[static_cast<int>(nearest)].push_back(s);
    }
  }
  const std::size_t fewest = std::max(kFewestSamples, samples.size() / 20);
  std::map<int, Samples> levels;
  for (auto& [bin, found] : bins) {
    if (found.size() < fewest) continue;
    std::vector<double> streams = column(found, &Sample::streams);
    levels[static_cast<int>(std::round(quantile(streams, 0.5)))] = std::move(found);
  }
  return levels;
}

Samples least_intense(const Samples& samples) {
  const auto intensity = [](const Sample& s) { return s.bytes > 0 ? s.flops / s.bytes : 0; };
  double least = intensity(samples.front());
  for (const Sample& s : samples) least = std::min(least, intensity(s));
  Samples chosen;
  for (const Sample& s : samples) {
    if (s.bytes > 0 && intensity(s) <= 1.2 * least + 1e-9) chosen.push_back(s);
  }
  return chosen;
}

}  // namespace mk
