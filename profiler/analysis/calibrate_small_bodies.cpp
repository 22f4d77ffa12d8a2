#include "profiler/analysis/calibrate_small_bodies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

// Their median time, as a constant.
LineFit constant_of(const std::vector<double>& us) {
  LineFit line;
  line.constant = median(us);
  std::vector<double> errors;
  for (const double t : us) errors.push_back(std::abs(t - line.constant) / t);
  line.residual = quantile(errors, 0.5);
  line.count = us.size();
  return line;
}

// The constant `recorded`, split. A run that takes longer than the body alone finds less in its
// caches, and both parts take as much longer; one that is faster repeats the body and finds its
// code and tables there, which are in `fixed`.
void split_as_alone(const BodyNumbers& body, double kib, LineFit& line) {
  const double fixed = body.start_up.value + body.epilogue.value + body.fixed.value;
  const double activations = body.per_activation.value * kib;
  if (activations <= 0) return;
  const double slower = std::max(1.0, line.constant / (fixed + activations));
  const double of_activations = std::min(slower * activations, line.constant);
  line.slope = of_activations / kib;
  line.constant -= of_activations;
}

// So that the next calibration sees that the split was measured, too.
void say_split(Number& number, const std::string& source_before) {
  const std::size_t measured = source_before.find(kMeasuredAlone);
  if (measured == std::string::npos) return;
  number.source += "; split as " + source_before.substr(measured);
}

}  // namespace

void SmallBodyFitter::fit(TaskKind kind, const Samples& all) {
  const std::vector<double> us = column(all, &Sample::us);
  const LineFit line = fit_line(column(all, &Sample::kib), us);
  if (line.tells_apart) return set_line(kind, all, line);
  if (is_measured_alone(setter_.body(kind).per_activation)) {
    return set_as_alone(kind, all, constant_of(us));
  }
  set_line(kind, all, constant_of(us));
  same_size_.push_back(std::string(name_of(kind)));
}

void SmallBodyFitter::set_line(TaskKind kind, const Samples& all, LineFit line) {
  setter_.set_spread(kind, all, &Sample::kib, line);
  out_.set(BodySetter::path(kind, "per_activation"), setter_.body(kind).per_activation, line.slope,
           line.residual, line.count);
  setter_.set_constant(kind, line.constant, {}, line.residual, line.count);
  settle_rest(kind, all);
}

void SmallBodyFitter::set_as_alone(TaskKind kind, const Samples& all, const LineFit& line) {
  BodyNumbers& b = setter_.body(kind);
  const BodyNumbers alone = b;
  LineFit split = line;
  split_as_alone(alone, median(column(all, &Sample::kib)), split);
  set_line(kind, all, split);
  say_split(b.per_activation, alone.per_activation.source);
  say_split(b.fixed, alone.fixed.source);
  const std::string fixed = BodySetter::path(kind, "fixed");
  const std::string per_activation = BodySetter::path(kind, "per_activation");
  out_.known_with(per_activation, fixed);
  out_.known_with(fixed, per_activation);
  as_alone_.push_back(std::string(name_of(kind)));
}

// A small body's flops and bytes are in its constant time and its time a KiB.
void SmallBodyFitter::settle_rest(TaskKind kind, const Samples& all) {
  BodyNumbers& b = setter_.body(kind);
  const std::vector<double> us = column(all, &Sample::us);
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
  if (b.flops_per_cycle.value < flops_per_cycle && !is_measured_alone(b.flops_per_cycle)) {
    CalibrationBuilder::settle(b.flops_per_cycle, flops_per_cycle, "calibrate: inside fixed");
  }
  const double limit = kNegligible * most_bytes * 1e-3 / shortest;
  if (out_.machine().stream_limit(b) < limit) {
    CalibrationBuilder::settle(b.port_limit, limit, "calibrate: inside fixed");
    CalibrationBuilder::settle(b.bytes_in_flight,
                               limit * out_.machine().memory.loaded_latency.value * 1e3,
                               "calibrate: inside fixed");
  }
}

void SmallBodyFitter::finish() {
  if (!as_alone_.empty()) {
    out_.note(
        fmt::format("fixed and per_activation are not told apart, all tasks of a kind have the "
                    "same size ({}): split as microbench measured the bodies alone",
                    fmt::join(as_alone_, ", ")));
  }
  if (!same_size_.empty()) {
    out_.note(
        fmt::format("fixed and per_activation are not told apart, all tasks of a kind have the "
                    "same size ({}): all of it is fixed",
                    fmt::join(same_size_, ", ")));
  }
}

}  // namespace mk
