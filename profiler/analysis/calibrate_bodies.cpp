#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "profiler/analysis/calibration_builder.h"
#include "profiler/analysis/robust_fit.h"
#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

constexpr std::size_t kFewest = 20;  // records of a kind, or of a number of streams

// One recorded body and what it had to do.
struct Sample {
  double us = 0;
  double start_up_us = -1;  // where it was recorded
  double bytes = 0;         // streamed
  double kib = 0;           // of activations
  double flops = 0;
  double streams = 1;  // bodies that streamed while it ran, itself included, on the average
};
using Samples = std::vector<Sample>;

std::vector<double> column(const Samples& samples, double Sample::*member) {
  std::vector<double> values;
  for (const Sample& s : samples) values.push_back(s.*member);
  return values;
}

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

bool streams(TaskKind kind) {
  return facts(kind).cost == CostClass::kStream || facts(kind).cost == CostClass::kCache;
}

// The bodies of one trace by kind.
class Collector {
 public:
  Collector(const Trace& trace, std::array<Samples, kTaskKindCount>& out)
      : trace_(trace), out_(out) {}

  void run() {
    const SliceColumns& s = trace_.slices;
    for (std::size_t k = 0; k < s.size(); ++k) {
      if (s.is_task(k) && streams(kind_of(k))) count_.add(s.start[k], s.end[k]);
    }
    count_.finish();
    for (std::size_t k = 0; k < s.size(); ++k) {
      const bool used =
          s.is_task(k) && s.iteration[k] >= first_steady_iteration(trace_) && s.end[k] > s.start[k];
      if (used) out_[index_of(kind_of(k))].push_back(sample(k));
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
    return sample;
  }

  const Trace& trace_;
  std::array<Samples, kTaskKindCount>& out_;
  StreamCount count_{};
  std::map<std::pair<std::uint32_t, std::uint32_t>, Sample> amounts_{};
};

// Samples by the number of streams that ran beside each other. Levels with a few percent of them
// are left out: they are the odd ends of operators.
std::map<int, Samples> by_streams(const Samples& samples) {
  std::map<int, Samples> levels;
  for (const Sample& s : samples) {
    const double nearest = std::round(s.streams);
    if (std::abs(s.streams - nearest) <= 0.15) levels[static_cast<int>(nearest)].push_back(s);
  }
  const std::size_t fewest = std::max(kFewest, samples.size() / 20);
  std::erase_if(levels, [&](const auto& level) { return level.second.size() < fewest; });
  return levels;
}

// Bodies that do the fewest flops a byte: what they wait for is their stream.
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

// The limit of a stream at which each of `streams` gets `rate` where the memory offers `offered`.
double limit_behind(double rate, double streams, double offered) {
  double low = rate;
  double high = 4 * rate;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (smooth_minimum(streams * middle, offered) < streams * rate ? low : high) = middle;
  }
  return high;
}

// What the memory has to offer for `streams` of that limit to get `rate` each.
double offer_behind(double rate, double streams, double limit) {
  double low = streams * rate;
  double high = 100 * streams * limit;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (smooth_minimum(streams * limit, middle) < streams * rate ? low : high) = middle;
  }
  return high;
}

class BodyFitter {
 public:
  BodyFitter(CalibrationBuilder& out) : out_(out) {}

  void fit(const std::array<Samples, kTaskKindCount>& samples) {
    // The kind with most bytes first: it knows the memory best.
    std::vector<TaskKind> kinds;
    for (const TaskKindFacts& f : kTaskKinds) kinds.push_back(f.kind);
    const auto bytes = [&](TaskKind kind) {
      double sum = 0;
      if (streams(kind)) {
        for (const Sample& s : samples[index_of(kind)]) sum += s.bytes;
      }
      return sum;
    };
    std::stable_sort(kinds.begin(), kinds.end(),
                     [&](TaskKind a, TaskKind b) { return bytes(a) > bytes(b); });
    std::string missing;
    for (const TaskKind kind : kinds) {
      if (kind == TaskKind::kEmpty) continue;
      const Samples& all = samples[index_of(kind)];
      if (all.size() < kFewest) {
        missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name_of(kind));
      } else if (bytes(kind) > 0) {
        fit_stream(kind, all);
      } else {
        fit_small(kind, all);
      }
    }
    if (!missing.empty()) {
      out_.note(
          fmt::format("kept from the base machine, fewer than {} records: {}", kFewest, missing));
    }
  }

 private:
  static std::string path(TaskKind kind, std::string_view member) {
    return fmt::format("bodies.{}.{}", name_of(kind), member);
  }
  BodyNumbers& body(TaskKind kind) { return out_.machine().bodies[index_of(kind)]; }

  // Time that is no stream, before and after it.
  void set_constant(TaskKind kind, double constant, const Samples& samples, double residual,
                    std::size_t count) {
    BodyNumbers& b = body(kind);
    std::vector<double> start_ups;
    for (const Sample& s : samples) {
      if (s.start_up_us >= 0) start_ups.push_back(s.start_up_us);
    }
    const bool known = start_ups.size() >= kFewest;
    const double start_up = known           ? std::min(quantile(start_ups, 0.5), constant)
                            : streams(kind) ? constant
                                            : 0;
    out_.set(path(kind, "start_up"), b.start_up, start_up, residual, count);
    out_.set(path(kind, "fixed"), b.fixed, constant - start_up, residual, count);
    CalibrationBuilder::settle(b.epilogue, 0, "calibrate: inside fixed");
    CalibrationBuilder::settle(b.tile_bytes, 0, "calibrate: a task is one tile");
    if (!known) unsplit_.push_back(std::string(name_of(kind)));
  }

  void set_spread(TaskKind kind, const std::vector<double>& ratios) {
    out_.set(path(kind, "spread"), body(kind).spread, std::min(robust_spread(ratios), 1.5), 0,
             ratios.size());
  }

  void set_limit(TaskKind kind, double limit, double residual, std::size_t count) {
    BodyNumbers& b = body(kind);
    out_.set(path(kind, "port_limit"), b.port_limit, limit, residual, count);
    // Loaded latency is the base machine's: only their quotient acts.
    const double in_flight = limit * out_.machine().memory.loaded_latency.value * 1e3;
    if (b.bytes_in_flight.value < in_flight) {
      CalibrationBuilder::settle(b.bytes_in_flight, in_flight,
                                 "calibrate: not told apart from port_limit");
    }
  }

  // Rate of one stream as it was recorded, and the limit behind it.
  void fit_stream(TaskKind kind, const Samples& all) {
    const Samples light = least_intense(all);
    std::map<int, Samples> levels = by_streams(light);
    if (levels.empty())
      levels[static_cast<int>(std::round(median(column(light, &Sample::streams))))] = light;
    const auto& [few, alone] = *levels.begin();
    LineFit line = fit_line(column(alone, &Sample::bytes), column(alone, &Sample::us));
    if (line.slope <= 0) return fit_small(kind, all);
    if (!line.tells_apart) line = keep_constant(kind, alone);
    const double rate = 1e-3 / line.slope;  // GB/s
    const bool first = !memory_known_;
    if (first) offer_at_least(few, 1.1 * few * rate);
    const double offered = out_.machine().bandwidth_at(few);
    const double limit = few * rate < offered ? limit_behind(rate, few, offered) : 1.05 * rate;
    set_limit(kind, limit, line.residual, line.count);
    set_constant(kind, line.constant, alone, line.residual, line.count);
    CalibrationBuilder::settle(body(kind).per_activation, 0, "calibrate: inside fixed and rate");
    if (first) fit_memory(kind, levels, line, limit);
    memory_known_ = true;
    fit_compute(kind, all, light, line);
    const auto fullest = std::max_element(
        levels.begin(), levels.end(),
        [](const auto& x, const auto& y) { return x.second.size() < y.second.size(); });
    std::vector<double> ratios;  // robust_spread() takes no notice of the level's own rate
    for (const Sample& s : fullest->second) {
      ratios.push_back(s.us / (line.constant + line.slope * s.bytes));
    }
    set_spread(kind, ratios);
  }

  // Bytes do not vary: the constant stays the base machine's, where it leaves half of the time.
  LineFit keep_constant(TaskKind kind, const Samples& samples) {
    const BodyNumbers& b = body(kind);
    const double base = b.start_up.value + b.epilogue.value + b.fixed.value;
    const double constant = std::min(base, median(column(samples, &Sample::us)) / 2);
    Samples rest = samples;
    for (Sample& s : rest) s.us = std::max(s.us - constant, s.us * 0.1);
    LineFit line = fit_line(column(rest, &Sample::bytes), column(rest, &Sample::us));
    line.constant = constant;
    out_.note(
        fmt::format("bodies.{}: all tasks stream as many bytes, so port_limit and start_up + "
                    "fixed are not told apart: {:.3f} us of constant time taken from the base "
                    "machine",
                    name_of(kind), constant));
    return line;
  }

  // The base machine's curve may not offer less than was seen.
  void offer_at_least(int streams, double bandwidth) {
    Machine& machine = out_.machine();
    if (machine.bandwidth_at(streams) < bandwidth) set_curve(streams, bandwidth, 0, 0);
  }

  // Puts a point at `streams`, and lifts or lowers others so that the curve keeps rising.
  void set_curve(int streams, double bandwidth, double residual, std::size_t count) {
    std::vector<BandwidthPoint>& curve = out_.machine().memory.curve;
    auto at = std::find_if(curve.begin(), curve.end(),
                           [&](const BandwidthPoint& p) { return p.active.value >= streams; });
    if (at == curve.end() || at->active.value > streams) {
      BandwidthPoint point;
      point.active = {1.0 * streams, 1.0 * streams, 1.0 * streams, "calibrate: streams seen"};
      point.bytes_in_flight = {0, 0, 0, "calibrate: as many as the bodies take"};
      point.bandwidth.value = out_.machine().bandwidth_at(streams);
      at = curve.insert(at, point);
    }
    const auto index = static_cast<std::size_t>(at - curve.begin());
    out_.set(fmt::format("memory.curve.{}.bandwidth", index), at->bandwidth, bandwidth, residual,
             count);
    for (std::size_t i = index + 1; i < curve.size(); ++i) {
      if (curve[i].bandwidth.value >= bandwidth) break;
      CalibrationBuilder::settle(curve[i].bandwidth, bandwidth,
                                 "calibrate: at least as much as with fewer streams");
    }
  }

  void fit_memory(TaskKind kind, const std::map<int, Samples>& levels, const LineFit& line,
                  double limit) {
    const int few = levels.begin()->first;
    const auto& [many, samples] = *levels.rbegin();
    if (many == few) {
      if (few > 1) {
        out_.note(
            fmt::format("memory.curve and bodies.{}.port_limit are not told apart: nearly all "
                        "tasks ran with {} streams at once; the curve is the base machine's",
                        name_of(kind), few));
      }
      return;
    }
    std::vector<double> rates;
    for (const Sample& s : samples) {
      rates.push_back(s.bytes * 1e-3 / std::max(s.us - line.constant, 0.05 * s.us));
    }
    const double rate = quantile(rates, 0.5);
    std::vector<double> errors;
    for (const double r : rates) errors.push_back(std::abs(r - rate) / r);
    const double residual = quantile(errors, 0.5);
    if (rate >= 0.97 * limit) return offer_at_least(many, 1.1 * many * rate);
    set_curve(many, offer_behind(rate, many, limit), residual, samples.size());
  }

  // Arithmetic must not bind where the stream does; where bodies did more flops a byte and took
  // longer than their stream, it did.
  void fit_compute(TaskKind kind, const Samples& all, const Samples& light, const LineFit& line) {
    const double cycles_a_us = out_.machine().clock.value * 1e3;
    std::vector<double> at_least;
    for (const Sample& s : light) {
      at_least.push_back(s.flops / (std::max(s.us - line.constant, 0.05 * s.us) * cycles_a_us));
    }
    const double floor = 1.05 * quantile(at_least, 0.5);
    std::vector<double> bound;     // flops a cycle of bodies that do more flops a byte
    std::vector<double> slowness;  // of their streams, as a factor
    for (const Sample& s : all) {
      const double rest = std::max(s.us - line.constant, 0.05 * s.us);
      if (s.flops <= 1.2 * floor * line.slope * s.bytes * cycles_a_us) continue;
      bound.push_back(s.flops / (rest * cycles_a_us));
      slowness.push_back(rest / std::max(line.slope * s.bytes, 1e-6));
    }
    Number& number = body(kind).flops_per_cycle;
    if (bound.size() >= kFewest && quantile(slowness, 0.5) > 1.15) {
      const double found = std::max(quantile(bound, 0.5), floor);
      std::vector<double> errors;
      for (const double b : bound) errors.push_back(std::abs(b - found) / b);
      out_.set(path(kind, "flops_per_cycle"), number, found, quantile(errors, 0.5), bound.size());
    } else if (number.value < floor) {
      CalibrationBuilder::settle(number, floor, "calibrate: at least, streams were never waiting");
    }
  }

  // A body that streams nothing to speak of: fixed + per_activation x KiB.
  void fit_small(TaskKind kind, const Samples& all) {
    BodyNumbers& b = body(kind);
    const std::vector<double> kib = column(all, &Sample::kib);
    const std::vector<double> us = column(all, &Sample::us);
    LineFit line = fit_line(kib, us);
    if (!line.tells_apart) {
      line.slope = 0;
      line.constant = median(us);
      std::vector<double> errors;
      for (const double t : us) errors.push_back(std::abs(t - line.constant) / t);
      line.residual = quantile(errors, 0.5);
      same_size_.push_back(std::string(name_of(kind)));
    }
    out_.set(path(kind, "per_activation"), b.per_activation, line.slope, line.residual, line.count);
    set_constant(kind, line.constant, {}, line.residual, line.count);
    // The rest of the body is in those two.
    const double shortest = *std::min_element(us.begin(), us.end());
    double most_flops = 0;
    double most_bytes = 0;
    for (const Sample& s : all) {
      most_flops = std::max(most_flops, s.flops);
      most_bytes = std::max(most_bytes, s.bytes);
    }
    constexpr double kNegligible = 100;  // of the shortest body
    const double flops_per_cycle =
        kNegligible * most_flops / (shortest * out_.machine().clock.value * 1e3);
    if (b.flops_per_cycle.value < flops_per_cycle) {
      CalibrationBuilder::settle(b.flops_per_cycle, flops_per_cycle, "calibrate: inside fixed");
    }
    const double limit = kNegligible * most_bytes * 1e-3 / shortest;
    if (out_.machine().stream_limit(b) < limit) {
      CalibrationBuilder::settle(b.port_limit, limit, "calibrate: inside fixed");
      CalibrationBuilder::settle(b.bytes_in_flight,
                                 limit * out_.machine().memory.loaded_latency.value * 1e3,
                                 "calibrate: inside fixed");
    }
    std::vector<double> ratios;
    for (std::size_t i = 0; i < us.size(); ++i) {
      ratios.push_back(us[i] / (line.constant + line.slope * kib[i]));
    }
    set_spread(kind, ratios);
  }

 public:
  void finish() {
    if (!unsplit_.empty()) {
      out_.note(
          fmt::format("start_up, epilogue and fixed are known as a sum only ({}): it is "
                      "start_up where the body streams, else fixed",
                      fmt::join(unsplit_, ", ")));
    }
    if (!same_size_.empty()) {
      out_.note(
          fmt::format("fixed and per_activation are not told apart, all tasks of a kind have "
                      "the same size ({}): all of it is fixed",
                      fmt::join(same_size_, ", ")));
    }
  }

 private:
  CalibrationBuilder& out_;
  bool memory_known_ = false;
  std::vector<std::string> unsplit_{};
  std::vector<std::string> same_size_{};
};

}  // namespace

void calibrate_bodies(std::span<const Trace> traces, CalibrationBuilder& out) {
  std::array<Samples, kTaskKindCount> samples;
  for (const Trace& trace : traces) Collector(trace, samples).run();
  BodyFitter fitter(out);
  fitter.fit(samples);
  fitter.finish();
}

}  // namespace mk
