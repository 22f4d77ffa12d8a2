// Straight lines through noisy points, as calibration needs them.
#pragma once

#include <cstddef>
#include <span>

namespace mk {

struct LineFit {
  double constant = 0;
  double slope = 0;
  double residual = 0;  // median |y - fit| / y
  std::size_t count = 0;
  bool tells_apart = false;  // x varied enough to know constant and slope each; else constant is 0
};

// y = constant + slope * x with constant, slope >= 0, by least absolute deviations (iteratively
// reweighted): a few disturbed points do not move it, and the few long bodies that make up much of
// a run's time count as much as the many short ones. Requires: equal sizes,
// y > 0, x >= 0.
LineFit fit_line(std::span<const double> x, std::span<const double> y);

// x varies by at least a factor of 1.2 between its 5 % and 95 % quantiles.
bool varies(std::span<const double> x);

// How values lie about what was fitted to them, which a log-normal is to stand for.
struct Spread {
  double variation = 0;  // of the log-normal whose logarithms have the ratios' median deviation
  // A log-normal about fitted x bias adds up to what the values add up to, once those beyond four
  // deviations of the logarithm are clipped to it.
  double bias = 1;
};

// {0, 1} of fewer than two. Requires: equal sizes, both > 0.
Spread robust_spread(std::span<const double> values, std::span<const double> fitted);

}  // namespace mk
