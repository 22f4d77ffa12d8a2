#include "profiler/analysis/body_setter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

constexpr double kMostSpread = 0.5;  // of a body, in a machine file (core/machine_numbers.cpp)
constexpr double kMostBias = 1.5;    // of sums over medians; more is no skew, but another machine

}  // namespace

std::string BodySetter::path(TaskKind kind, std::string_view member) {
  return fmt::format("bodies.{}.{}", name_of(kind), member);
}

// Where bytes are asked for ahead of a body, its stream has started when it begins: what is left
// of its constant time is no start-up, which a simulated preload would hide.
bool BodySetter::preloads() const {
  const SharedMemoryNumbers& pages = out_.machine().shared_memory;
  return pages.page_bytes.value * pages.pages.value > 0;
}

void BodySetter::set_constant(TaskKind kind, double constant, const Samples& samples,
                              double residual, std::size_t count) {
  BodyNumbers& b = body(kind);
  std::vector<double> start_ups;
  for (const Sample& s : samples) {
    if (s.start_up_us >= 0) start_ups.push_back(s.start_up_us);
  }
  const bool known = start_ups.size() >= kFewestSamples;
  const double start_up = known ? std::min(quantile(start_ups, 0.5), constant)
                          : streams(kind) && !preloads() ? constant
                                                         : 0;
  out_.set(path(kind, "start_up"), b.start_up, start_up, residual, count);
  out_.set(path(kind, "fixed"), b.fixed, constant - start_up, residual, count);
  if (!known) {
    out_.known_with(path(kind, "start_up"), path(kind, "fixed"));
    out_.known_with(path(kind, "fixed"), path(kind, "start_up"));
  }
  CalibrationBuilder::settle(b.epilogue, 0, "calibrate: inside fixed");
  CalibrationBuilder::settle(b.tile_bytes, 0, "calibrate: a task is one tile");
  if (!known) unsplit_.push_back(std::string(name_of(kind)));
}

Spread BodySetter::scale_to_sum(const Samples& samples, double Sample::*x, LineFit& line) {
  std::vector<double> fitted;
  for (const Sample& s : samples) fitted.push_back(line.constant + line.slope * s.*x);
  const Spread spread = robust_spread(column(samples, &Sample::us), fitted);
  const double bias = std::clamp(spread.bias, 1 / kMostBias, kMostBias);
  line.constant *= bias;
  line.slope *= bias;
  return spread;
}

void BodySetter::set_spread(TaskKind kind, const Samples& samples, double Sample::*x,
                            LineFit& line) {
  const Spread spread = scale_to_sum(samples, x, line);
  out_.set(path(kind, "spread"), body(kind).spread, std::min(spread.variation, kMostSpread), 0,
           samples.size());
}

void BodySetter::finish() {
  if (unsplit_.empty()) return;
  out_.note(
      fmt::format("start_up, epilogue and fixed are known as a sum only ({}): it is start_up where "
                  "the body streams and the machine preloads nothing, else fixed",
                  fmt::join(unsplit_, ", ")));
}

}  // namespace mk
