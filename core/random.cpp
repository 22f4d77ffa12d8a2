#include "core/random.h"

#include <bit>
#include <cmath>

namespace mk {
namespace {

constexpr double kLn2 = 0.693147180559945309417;

// 1 / k; 0 for k = 0.
constexpr std::array<double, 15> kReciprocal = [] {
  std::array<double, 15> reciprocal{};
  for (std::size_t k = 1; k < reciprocal.size(); ++k) reciprocal[k] = 1 / static_cast<double>(k);
  return reciprocal;
}();

// ln(x), x > 0: the exponent apart, then the series of the inverse hyperbolic tangent.
double logarithm(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // exact: no rounding, so the same everywhere
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  const double z = (m - 1) / (m + 1);
  const double z2 = z * z;
  double term = z;
  double sum = 0;
  for (int k = 1; k < 60; k += 2) {
    sum += term / k;
    term *= z2;
  }
  return 2 * sum + exponent * kLn2;
}

// The standard normal distribution function by its power series.
double normal_cdf(double x) {
  const double density = exponential(-0.5 * x * x) * 0.398942280401432677939946;
  double term = x;
  double sum = x;
  for (int k = 1; k < 400; ++k) {
    term *= x * x / (2 * k + 1);
    sum += term;
    if (std::fabs(term) < 1e-18 * std::fabs(sum)) break;
  }
  return 0.5 + density * sum;
}

}  // namespace

double exponential(double x) {
  // The nearest integer, and below a multiplication by 2^n, both without a call: tables have
  // thousands of these.
  const double scaled = x * (1 / kLn2) + 0.5;
  auto n = static_cast<std::int64_t>(scaled);
  n -= static_cast<double>(n) > scaled ? 1 : 0;
  const double r = x - static_cast<double>(n) * kLn2;
  // Taylor's series up to r^14, |r| < 0.35, the smallest terms first.
  double sum = 1;
  for (int k = 14; k > 0; --k) sum = 1 + sum * (r * kReciprocal[static_cast<std::size_t>(k)]);
  constexpr std::int64_t kBias = 1023;
  constexpr int kFractionBits = 52;
  return sum * std::bit_cast<double>((n + kBias) << kFractionBits);
}

double normal_quantile(double p) {
  const bool upper = p > 0.5;
  const double tail = upper ? 1 - p : p;
  // Start: Hastings' approximation (Abramowitz and Stegun 26.2.23, |error| < 4.5e-4).
  const double t = std::sqrt(-2 * logarithm(tail));
  double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                     (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int step = 0; step < 2; ++step) {  // Newton
    const double density = exponential(-0.5 * x * x) * 0.398942280401432677939946;
    x += ((1 - normal_cdf(x)) - tail) / density;
  }
  return upper ? x : -x;
}

LogNormal::LogNormal(double spread) {
  // The same for all: worked out once a process.
  static const std::array<double, kSize> kQuantiles = [] {
    std::array<double, kSize> quantiles{};
    for (std::size_t i = 0; i < kSize; ++i) {
      quantiles[i] = normal_quantile((static_cast<double>(i) + 0.5) / kSize);
    }
    return quantiles;
  }();
  if (spread == 0) {
    factor_.fill(1);
    return;
  }
  const double sigma = std::sqrt(logarithm(1 + spread * spread));
  for (std::size_t i = 0; i < kSize; ++i) factor_[i] = exponential(sigma * kQuantiles[i]);
}

}  // namespace mk
