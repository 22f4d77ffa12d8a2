#include "profiler/analysis/iteration_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

constexpr double kSpreads = 5;
constexpr double kLeastExcess = 0.02;
constexpr double kNormal = 1.4826;  // a normal distribution's deviation over its median deviation

double spread_of(const std::vector<double>& values, double middle) {
  std::vector<double> deviations;
  for (const double v : values) deviations.push_back(std::abs(v - middle));
  return kNormal * median(std::move(deviations));
}

double slope_of(const std::vector<double>& values) {
  std::vector<double> slopes;
  const std::size_t half = values.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const std::size_t other = i + values.size() - half;
    slopes.push_back((values[other] - values[i]) / static_cast<double>(other - i));
  }
  return median(std::move(slopes));
}

}  // namespace

IterationHistory iteration_history(const Trace& trace) {
  IterationHistory out;
  for (const IterationRecord& it : trace.iterations) {
    out.length_us.push_back(static_cast<double>(it.end - it.start) * 1e-3);
  }
  if (out.length_us.empty()) return out;
  const auto n = static_cast<std::ptrdiff_t>(out.length_us.size());
  const std::vector<double> late(out.length_us.begin() + n / 2, out.length_us.end());
  const double settled = median(late);
  const double near = std::max(kSpreads * spread_of(late, settled), kLeastExcess * settled);
  const auto first = std::find_if(out.length_us.begin(), out.length_us.end(),
                                  [&](double v) { return std::abs(v - settled) <= near; });
  out.steady_from = static_cast<std::uint32_t>(first - out.length_us.begin());
  const std::vector<double> steady(first, out.length_us.end());
  out.median_us = median(steady);
  if (out.median_us <= 0) return out;
  const double spread = spread_of(steady, out.median_us);
  out.spread = spread / out.median_us;
  out.drift = slope_of(steady) / out.median_us;
  const double limit = std::max(kSpreads * spread, kLeastExcess * out.median_us);
  for (std::uint32_t i = out.steady_from; i < out.length_us.size(); ++i) {
    const double off = out.length_us[i] - out.median_us;
    if (std::abs(off) > limit) out.outliers.push_back({i, off / out.median_us});
  }
  return out;
}

std::string describe(const IterationHistory& h) {
  if (h.is_empty()) return "no iterations";
  constexpr std::size_t kNamed = 3;
  std::string text =
      fmt::format("{} iterations, steady from {} on: median {:.1f} us, spread {:.1f} %",
                  h.length_us.size(), h.steady_from, h.median_us, h.spread * 100);
  if (!h.outliers.empty()) {
    std::vector<IterationOutlier> worst = h.outliers;
    std::stable_sort(worst.begin(), worst.end(),
                     [](const IterationOutlier& a, const IterationOutlier& b) {
                       return std::abs(a.excess) > std::abs(b.excess);
                     });
    worst.resize(std::min(worst.size(), kNamed));
    std::string named;
    for (const IterationOutlier& o : worst) {
      named +=
          fmt::format("{}{}: {:+.0f} %", named.empty() ? "" : ", ", o.iteration, o.excess * 100);
    }
    text += fmt::format("; {} outliers ({})", h.outliers.size(), named);
  }
  return text + fmt::format("; drift {:+.3f} % an iteration", h.drift * 100);
}

}  // namespace mk
