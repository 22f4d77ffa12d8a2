// The few order statistics that analysis uses.
#pragma once

#include <span>
#include <vector>

namespace mk {

// The p-quantile (0 <= p <= 1), linear between neighbours; 0 of nothing. Reorders `values`.
double quantile(std::vector<double>& values, double p);
double median(std::vector<double> values);

// The smallest m such that weights of values <= m are at least half of all weights: it minimises
// the weighted sum of absolute deviations. 0 of nothing. Requires: equal sizes, weights >= 0.
double weighted_median(std::span<const double> values, std::span<const double> weights);

// Kendall's tau-b of the pairs (x[i], y[i]): 1 where y orders as x does, -1 where it orders the
// other way round, ties counted out. O(n log n). 1 where there are fewer than two pairs or both are
// all ties; 0 where only one is.
double kendall_tau(std::span<const double> x, std::span<const double> y);

}  // namespace mk
