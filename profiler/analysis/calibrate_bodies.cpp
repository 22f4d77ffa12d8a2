#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "profiler/analysis/body_samples.h"
#include "profiler/analysis/body_setter.h"
#include "profiler/analysis/calibrate_small_bodies.h"
#include "profiler/analysis/robust_fit.h"
#include "profiler/analysis/statistics.h"
#include "profiler/analysis/stream_rates.h"

namespace mk {
namespace {

constexpr double kBinds = 0.9;  // demanded over offered from which on the memory may bind
// Streams that get less than this share of what the memory would give them are held by themselves.
constexpr double kHeldByMemory = 0.7;
constexpr double kDistance = 0.02;  // residual that a limit e times the base machine's is worth
constexpr double kClearlyLess = 0.8;
constexpr double kOneLevel = 1.5;  // of numbers of streams, the most over the fewest
constexpr double kAgrees = 0.04;   // rates that differ by less say nothing against the base machine

// Of the time of bodies that take as long as `line` says, how much they stream.
double streaming_share(const Samples& samples, const LineFit& line) {
  double streaming = 0;
  double all = 0;
  for (const Sample& s : samples) {
    streaming += line.slope * s.bytes;
    all += line.constant + line.slope * s.bytes;
  }
  return streaming / all;
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
      if (all.size() < kFewestSamples) {
        missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name_of(kind));
      } else if (bytes(kind) > 0) {
        fit_stream(kind, all);
      } else {
        small_.fit(kind, all);
      }
    }
    if (!missing.empty()) {
      out_.note(fmt::format("kept from the base machine, fewer than {} records: {}", kFewestSamples,
                            missing));
    }
  }

 private:
  static std::string path(TaskKind kind, std::string_view member) {
    return BodySetter::path(kind, member);
  }
  BodyNumbers& body(TaskKind kind) { return setter_.body(kind); }

  void set_limit(TaskKind kind, double limit, const LineFit& line) {
    BodyNumbers& b = body(kind);
    // Loaded latency is the base machine's: only their quotient acts.
    const double in_flight = limit * out_.machine().memory.loaded_latency.value * 1e3;
    if (b.bytes_in_flight.value < in_flight) {
      CalibrationBuilder::settle(b.bytes_in_flight, in_flight,
                                 "calibrate: not told apart from port_limit");
    }
    if (b.port_limit.value == limit) return;
    out_.set(path(kind, "port_limit"), b.port_limit, limit, line.residual, line.count);
    // One rate was fitted to rows of every length: those of the base machine would hide it.
    for (Number* of_rows : {&b.pair_limit, &b.row_limit, &b.row_time}) {
      if (of_rows->value > 0) CalibrationBuilder::settle(*of_rows, 0, "calibrate: in port_limit");
    }
  }

  // Numbers of streams that are nearly the same tell nothing apart: one level, with all that lies
  // between its whole numbers.
  static void merge(std::map<int, Samples>& levels, const Samples& light) {
    const double least = levels.begin()->first - 0.5;
    Samples all;
    for (const Sample& s : light) {
      if (s.streams >= least) all.push_back(s);
    }
    levels.clear();
    levels[static_cast<int>(std::round(median(column(all, &Sample::streams))))] = std::move(all);
  }

  // What activations take is the base machine's, where that leaves half of the time: in runs of one
  // batch size it is not told apart from `fixed`, but with another one it is not the same.
  Samples without_activations(TaskKind kind, const Samples& all) {
    Number& per_kib = body(kind).per_activation;
    std::vector<double> shares;
    for (const Sample& s : all) shares.push_back(per_kib.value * s.kib / s.us);
    if (!is_measured_alone(per_kib) && quantile(shares, 0.5) > 0.5) {
      CalibrationBuilder::settle(per_kib, 0, "calibrate: inside fixed and rate");
    }
    Samples rest = all;
    for (Sample& s : rest) s.us = std::max(s.us - per_kib.value * s.kib, 0.1 * s.us);
    return rest;
  }

  // Arithmetic that was measured alone is no constant time, in the runs of one batch size neither.
  Samples without_arithmetic(TaskKind kind, const Samples& all) {
    const Number& number = body(kind).flops_per_cycle;
    if (!is_measured_alone(number)) return all;
    const double flops_a_us = number.value * out_.machine().clock.value * 1e3;
    Samples rest = all;
    for (Sample& s : rest) s.us = std::max(s.us - s.flops / flops_a_us, 0.1 * s.us);
    return rest;
  }

  // Rate of one stream as it was recorded, and the limit behind it.
  void fit_stream(TaskKind kind, const Samples& recorded) {
    const Samples all = without_activations(kind, recorded);
    const Samples light = least_intense(all);
    std::map<int, Samples> levels = by_streams(light);
    if (levels.empty()) {
      levels[static_cast<int>(std::round(median(column(light, &Sample::streams))))] = light;
    }
    if (levels.rbegin()->first < kOneLevel * levels.begin()->first) merge(levels, light);
    const auto& [few, samples] = *levels.begin();
    LineFit line = fit_line(column(samples, &Sample::bytes), column(samples, &Sample::us));
    if (line.slope <= 0) return small_.fit(kind, without_arithmetic(kind, recorded));
    if (!line.tells_apart && memory_known_) {
      if (const auto limit = fit_across(kind, levels)) {
        return set_across(kind, *limit, levels, all);
      }
    }
    if (!line.tells_apart) line = keep_constant(kind, samples);
    setter_.set_spread(kind, samples, &Sample::bytes, line);
    const double rate = 1e-3 / line.slope;  // GB/s
    if (memory_known_ && is_hidden(kind, rate, few, streaming_share(samples, line))) {
      hide_limit(kind, samples, few, line);
    } else if (memory_known_) {
      set_limit(kind, limit_of(kind, rate, few), line);
    } else {
      fit_limit_and_memory(kind, levels, rate, line);
      memory_known_ = true;
    }
    setter_.set_constant(kind, line.constant, samples, line.residual, line.count);
    fit_compute(kind, all, samples, line);
  }

  // The limit of the kind's streams, of which `few` at once got `rate` each. Where the memory hides
  // it, the base machine's.
  double limit_of(TaskKind kind, double rate, int few) {
    const double base = out_.machine().stream_limit(body(kind));
    const double offered = out_.machine().bandwidth_at(few);
    if (few * rate >= offered) return std::max(base, 1.05 * rate);
    return std::min(limit_behind(rate, few, offered), std::max(base, 1.05 * rate));
  }

  // May the memory, and not the body, be what holds the kind's streams at that rate? Then any limit
  // from the rate on would show the same.
  bool is_hidden(TaskKind kind, double rate, int few, double share) {
    const double base = out_.machine().stream_limit(body(kind));
    const double offered = out_.machine().bandwidth_at(few);
    if (few <= 1 || rate >= base || few * base <= kBinds * offered) return false;
    const double given = given_rate(few, base, share);
    return rate < given && rate > kHeldByMemory * given;
  }

  // What the machine's memory gives to one of as many bodies.
  double given_rate(int bodies, double limit, double share) {
    const Machine& machine = out_.machine();
    return mean_rate([&](int n) { return machine.bandwidth_at(n); }, bodies, limit, share);
  }

  // The limit stays the base machine's; what the body took longer than the memory would have it is
  // constant time. Taking the rate for the limit would carry it over to fewer streams.
  void hide_limit(TaskKind kind, const Samples& samples, int few, LineFit& line) {
    const double base = out_.machine().stream_limit(body(kind));
    const double share = streaming_share(samples, line);
    const double slope = 1e-3 / given_rate(few, base, share);
    double rest = 0;
    for (const Sample& s : samples) rest += (line.slope - slope) * s.bytes;
    line.constant += rest / static_cast<double>(samples.size());
    line.slope = slope;
    set_limit(kind, base, line);
    hidden_.push_back(std::string(name_of(kind)));
  }

  // The kind with most bytes also tells what the memory offers.
  void fit_limit_and_memory(TaskKind kind, const std::map<int, Samples>& levels, double rate,
                            const LineFit& line) {
    const int few = levels.begin()->first;
    const double base = out_.machine().stream_limit(body(kind));
    const bool memory_binds = base > rate && few * base > kBinds * out_.machine().bandwidth_at(few);
    if (few > 1) {
      out_.note(fmt::format(
          "memory.curve and bodies.{}.port_limit are not told apart: nearly all tasks ran with {} "
          "or more streams at once; {} holds them",
          name_of(kind), few,
          is_their_own(levels.begin()->second, few, base, line)
              ? "as tasks of all sizes get the same rate, the limit of each stream"
          : memory_binds ? "by the base machine, the memory"
                         : "by the base machine, the limit of each stream"));
    }
    const double share = streaming_share(levels.begin()->second, line);
    if (few > 1 && std::abs(rate / given_rate(few, base, share) - 1) < kAgrees) {
      set_limit(kind, base, line);
    } else if (few > 1 && memory_binds && !is_their_own(levels.begin()->second, few, base, line)) {
      const double offer = offer_behind(out_.machine(), rate, few, base, share);
      set_curve(few, offer, line.residual, line.count);
      set_limit(kind, base, line);
      out_.known_with(curve_path(few), path(kind, "port_limit"));
    } else {
      offer_at_least(few, 1.1 * few * rate);
      set_limit(kind, limit_behind(rate, few, out_.machine().bandwidth_at(few)), line);
    }
    if (few > 1) out_.known_with(path(kind, "port_limit"), "memory.curve");
    fit_memory(kind, levels, line);
  }

  // us a byte beside as many bodies of so many bytes that have a constant time besides.
  double slope_beside(int bodies, double limit, double constant, double bytes) {
    double slope = 1e-3 / limit;
    for (int round = 0; round < 3; ++round) {
      const double share = slope * bytes / (constant + slope * bytes);
      slope = 1e-3 / given_rate(bodies, limit, share);
    }
    return slope;
  }

  struct AcrossLevels {
    double limit = 0;
    double constant = 0;
    double residual = 0;
  };

  // Tasks of one size a run, in runs of different numbers of streams: what the memory gives to each
  // number is known, so sizes and numbers together tell the constant and the limit apart. Every
  // level counts as much as every other one. None where there is one level.
  std::optional<AcrossLevels> fit_across(TaskKind kind, const std::map<int, Samples>& levels) {
    if (levels.size() < 2) return std::nullopt;
    struct Level {
      int streams;
      double bytes, us;  // medians
    };
    std::vector<Level> points;
    for (const auto& [streams, samples] : levels) {
      points.push_back(
          {streams, median(column(samples, &Sample::bytes)), median(column(samples, &Sample::us))});
    }
    const auto fewest = *std::min_element(
        points.begin(), points.end(), [](const Level& a, const Level& b) { return a.us < b.us; });
    AcrossLevels best{0, 0, std::numeric_limits<double>::infinity()};
    constexpr int kSteps = 48;
    constexpr double kMostLimit = 2;  // times the base machine's
    const double least = 1e-3 * points.front().bytes / points.front().us;
    const double base = out_.machine().stream_limit(body(kind));
    const double most = kMostLimit * base;
    for (int i = 0; i <= kSteps; ++i) {
      const double limit = least * std::pow(most / least, 1.0 * i / kSteps);
      for (int j = 0; j < kSteps; ++j) {
        const double constant = fewest.us * j / kSteps;
        double off = 0;
        for (const Level& p : points) {
          const double slope = slope_beside(p.streams, limit, constant, p.bytes);
          off += std::abs(p.us - constant - slope * p.bytes) / p.us;
        }
        off /= static_cast<double>(points.size());
        // Of fits that are as good, the one that is nearest to the base machine.
        off += kDistance * std::abs(std::log(limit / base));
        if (off < best.residual) best = {limit, constant, off};
      }
    }
    return best;
  }

  void set_across(TaskKind kind, const AcrossLevels& fit, const std::map<int, Samples>& levels,
                  const Samples& all) {
    const auto& [few, samples] = *levels.begin();
    LineFit line;
    line.constant = fit.constant;
    line.slope =
        slope_beside(few, fit.limit, fit.constant, median(column(samples, &Sample::bytes)));
    line.residual = fit.residual;
    line.count = all.size();
    LineFit scaled = line;  // sums of one level say nothing of the others
    setter_.set_spread(kind, samples, &Sample::bytes, scaled);
    set_limit(kind, fit.limit, line);
    setter_.set_constant(kind, line.constant, samples, line.residual, line.count);
    fit_compute(kind, all, samples, line);
  }

  // Are the streams held by themselves, although the base machine says that the memory would hold
  // them? Bodies that stream most of their time meet more streams than bodies that do not: where
  // the memory held them, they would get less each.
  bool is_their_own(const Samples& samples, int streams, double limit, const LineFit& line) {
    if (!line.tells_apart) return false;
    const double rate = 1e-3 / line.slope;
    const double share = streaming_share(samples, line);
    const double offer = offer_behind(out_.machine(), rate, streams, limit, share);
    const CurveThrough offered(out_.machine(), streams, offer);
    std::map<double, double> by_memory;  // us of a stream of so many bytes
    double off_own = 0;
    double off_memory = 0;
    for (const Sample& s : samples) {
      const double own = line.slope * s.bytes;
      const auto [at, is_new] = by_memory.try_emplace(s.bytes, 0);
      if (is_new) {
        const double busy = own / (line.constant + own);
        at->second = 1e-3 * s.bytes / mean_rate(offered, streams, limit, busy);
      }
      off_own += std::abs(s.us - line.constant - own);
      off_memory += std::abs(s.us - line.constant - at->second);
    }
    return off_own < kClearlyLess * off_memory;
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

  std::string curve_path(int streams) {
    const std::vector<BandwidthPoint>& curve = out_.machine().memory.curve;
    std::size_t i = 0;
    while (i + 1 < curve.size() && curve[i].active.value < streams) ++i;
    return fmt::format("memory.curve.{}.bandwidth", i);
  }

  // Puts a point at `streams`. The curve keeps rising: fewer streams get no more, and where the
  // memory offers less than the base machine's does, it offers as much less to more of them.
  void set_curve(int streams, double bandwidth, double residual, std::size_t count) {
    std::vector<BandwidthPoint>& curve = out_.machine().memory.curve;
    const double before = out_.machine().bandwidth_at(streams);
    auto at = std::find_if(curve.begin(), curve.end(),
                           [&](const BandwidthPoint& p) { return p.active.value >= streams; });
    if (at == curve.end() || at->active.value > streams) {
      BandwidthPoint point;
      point.active = {1.0 * streams, 1.0 * streams, 1.0 * streams, "calibrate: streams seen"};
      point.bytes_in_flight = {0, 0, 0, "calibrate: as many as the bodies take"};
      point.bandwidth.value = before;
      at = curve.insert(at, point);
    }
    out_.set(curve_path(streams), at->bandwidth, bandwidth, residual, count);
    for (auto fewer = curve.begin(); fewer != at; ++fewer) {
      if (fewer->bandwidth.value <= bandwidth) continue;
      CalibrationBuilder::settle(fewer->bandwidth, bandwidth,
                                 "calibrate: no more than with more streams");
    }
    const double share = std::min(1.0, bandwidth / before);
    for (auto more = at + 1; more != curve.end(); ++more) {
      const double offered = std::max(bandwidth, share * more->bandwidth.value);
      if (offered == more->bandwidth.value) continue;
      CalibrationBuilder::settle(more->bandwidth, offered,
                                 "calibrate: from what fewer streams were offered");
    }
  }

  // What it offers to the most streams that often ran at once.
  void fit_memory(TaskKind kind, const std::map<int, Samples>& levels, const LineFit& line) {
    const auto& [many, samples] = *levels.rbegin();
    if (many == levels.begin()->first) return;
    const double limit = out_.machine().stream_limit(body(kind));
    // With the constant of fewer streams, the rate at which the times of all bodies add up.
    LineFit beside = fit_line(column(samples, &Sample::bytes), column(samples, &Sample::us));
    BodySetter::scale_to_sum(samples, &Sample::bytes, beside);
    double us = 0;
    double bytes = 0;
    for (const Sample& s : samples) {
      us += beside.constant + beside.slope * s.bytes - line.constant;
      bytes += s.bytes;
    }
    if (us <= 0) return;
    const double rate = 1e-3 * bytes / us;
    if (rate >= 0.97 * limit) return offer_at_least(many, 1.1 * many * rate);
    const double share = us / (us + line.constant * static_cast<double>(samples.size()));
    if (std::abs(rate / given_rate(many, limit, share) - 1) < kAgrees) return;
    set_curve(many, offer_behind(out_.machine(), rate, many, limit, share), beside.residual,
              samples.size());
  }

  // Arithmetic must not bind where the stream does; where bodies did more flops a byte and took
  // longer than their stream, it did.
  void fit_compute(TaskKind kind, const Samples& all, const Samples& light, const LineFit& line) {
    const double cycles_a_us = out_.machine().clock.value * 1e3;
    const auto flops_a_cycle = [&](const Sample& s) {
      return s.flops / (std::max(s.us - line.constant, 0.05 * s.us) * cycles_a_us);
    };
    std::vector<double> at_least;
    double most_intense = 0;  // flops a byte
    for (const Sample& s : light) {
      at_least.push_back(flops_a_cycle(s));
      most_intense = std::max(most_intense, s.flops / s.bytes);
    }
    const double floor = 1.05 * quantile(at_least, 0.5);
    std::vector<double> bound;     // flops a cycle of bodies that do more flops a byte
    std::vector<double> slowness;  // of their streams, as a factor
    for (const Sample& s : all) {
      if (s.flops <= 1.2 * most_intense * s.bytes) continue;
      bound.push_back(flops_a_cycle(s));
      slowness.push_back((s.us - line.constant) / std::max(line.slope * s.bytes, 1e-6));
    }
    Number& number = body(kind).flops_per_cycle;
    if (bound.size() >= kFewestSamples && quantile(slowness, 0.5) > 1.15) {
      const double found = std::max(quantile(bound, 0.5), floor);
      std::vector<double> errors;
      for (const double b : bound) errors.push_back(std::abs(b - found) / b);
      out_.set(path(kind, "flops_per_cycle"), number, found, quantile(errors, 0.5), bound.size());
    } else if (number.value < floor) {
      CalibrationBuilder::settle(number, floor, "calibrate: at least, streams were never waiting");
    } else if (is_measured_alone(number)) {
      unbound_.push_back(std::string(name_of(kind)));
    }
  }

 public:
  void finish() {
    setter_.finish();
    if (!hidden_.empty()) {
      out_.note(fmt::format(
          "bodies.*.port_limit stays the base machine's ({}): with as many streams as ran at once "
          "the memory hides it; runs with fewer workers would tell",
          fmt::join(hidden_, ", ")));
    }
    if (!unbound_.empty()) {
      out_.note(fmt::format(
          "bodies.*.flops_per_cycle stays as microbench measured the bodies alone ({}): "
          "arithmetic never took longer than the stream",
          fmt::join(unbound_, ", ")));
    }
    small_.finish();
  }

 private:
  CalibrationBuilder& out_;
  BodySetter setter_{out_};
  SmallBodyFitter small_{out_, setter_};
  bool memory_known_ = false;
  std::vector<std::string> unbound_{};  // measured alone, and no arithmetic to fit
  std::vector<std::string> hidden_{};   // kinds whose limit the memory hides
};

}  // namespace

void calibrate_bodies(const BodySamples& samples, CalibrationBuilder& out) {
  if (samples.preloaded > 0) {
    out.note(fmt::format("{} bodies were left out, since some of their bytes were preloaded",
                         samples.preloaded));
  }
  BodyFitter fitter(out);
  fitter.fit(samples.by_kind);
  fitter.finish();
}

}  // namespace mk
