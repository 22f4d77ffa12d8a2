#include "profiler/analysis/robust_fit.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/check.h"
#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

constexpr int kRounds = 50;
constexpr double kSmallest = 1e-4;  // relative residual below which a point's weight stops growing
constexpr double kMadToSigma = 1.4826;
constexpr double kClip = 4;  // deviations; a disturbed record counts as one at that distance

struct Line {
  double constant = 0;
  double slope = 0;
  double at(double x) const { return constant + slope * x; }
};

// Minimises sum w (y - c - s x)^2.
Line weighted_least_squares(std::span<const double> x, std::span<const double> y,
                            std::span<const double> w) {
  double sw = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sw += w[i];
    sx += w[i] * x[i];
    sy += w[i] * y[i];
    sxx += w[i] * x[i] * x[i];
    sxy += w[i] * x[i] * y[i];
  }
  const double determinant = sw * sxx - sx * sx;
  if (determinant <= 0) return {sw > 0 ? sy / sw : 0, 0};
  return {(sy * sxx - sx * sxy) / determinant, (sw * sxy - sx * sy) / determinant};
}

// The slope alone that minimises the absolute deviations: the weighted median of y / x.
double slope_through_zero(std::span<const double> x, std::span<const double> y) {
  std::vector<double> slopes;
  std::vector<double> weights;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] <= 0) continue;
    slopes.push_back(y[i] / x[i]);
    weights.push_back(x[i]);
  }
  return weighted_median(slopes, weights);
}

Line least_absolute(std::span<const double> x, std::span<const double> y) {
  std::vector<double> weights(x.size());
  Line line;
  for (std::size_t i = 0; i < x.size(); ++i) weights[i] = 1 / y[i];
  for (int round = 0; round < kRounds; ++round) {
    line = weighted_least_squares(x, y, weights);
    for (std::size_t i = 0; i < x.size(); ++i) {
      weights[i] = 1 / std::max(std::abs(y[i] - line.at(x[i])), kSmallest * y[i]);
    }
  }
  if (line.constant < 0) return {0, slope_through_zero(x, y)};
  if (line.slope < 0) return {median({y.begin(), y.end()}), 0};
  return line;
}

}  // namespace

bool varies(std::span<const double> x) {
  std::vector<double> values(x.begin(), x.end());
  const double low = quantile(values, 0.05);
  const double high = quantile(values, 0.95);
  return high > 0 && high >= 1.2 * low;
}

LineFit fit_line(std::span<const double> x, std::span<const double> y) {
  MK_CHECK(x.size() == y.size(), "each x has a y");
  LineFit fit;
  fit.count = x.size();
  if (x.empty()) return fit;
  fit.tells_apart = varies(x);
  const Line line = fit.tells_apart ? least_absolute(x, y) : Line{0, slope_through_zero(x, y)};
  fit.constant = line.constant;
  fit.slope = line.slope;
  std::vector<double> residuals;
  for (std::size_t i = 0; i < x.size(); ++i) {
    residuals.push_back(std::abs(y[i] - line.at(x[i])) / y[i]);
  }
  fit.residual = quantile(residuals, 0.5);
  return fit;
}

Spread robust_spread(std::span<const double> values, std::span<const double> fitted) {
  MK_CHECK(values.size() == fitted.size(), "each value has been fitted");
  if (values.size() < 2) return {};
  std::vector<double> logs;
  for (std::size_t i = 0; i < values.size(); ++i) logs.push_back(std::log(values[i] / fitted[i]));
  const double middle = median(logs);
  std::vector<double> deviations;
  for (const double value : logs) deviations.push_back(std::abs(value - middle));
  const double sigma = kMadToSigma * quantile(deviations, 0.5);
  const double clip = middle + kClip * sigma;
  double sum = 0;
  double fitted_sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += fitted[i] * std::exp(std::min(logs[i], clip));
    fitted_sum += fitted[i];
  }
  Spread spread;
  spread.variation = std::sqrt(std::exp(sigma * sigma) - 1);
  spread.bias = sum / fitted_sum / std::exp(sigma * sigma / 2);
  return spread;
}

}  // namespace mk
