#include "profiler/analysis/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "core/check.h"

namespace mk {
namespace {

// Pairs of equal neighbours in runs of the sorted sequence of `count` entries.
template <typename Equal>
double tied_pairs(std::size_t count, Equal&& equal) {
  double pairs = 0;
  for (std::size_t first = 0; first < count;) {
    std::size_t end = first + 1;
    while (end < count && equal(first, end)) ++end;
    const auto run = static_cast<double>(end - first);
    pairs += run * (run - 1) / 2;
    first = end;
  }
  return pairs;
}

// Sorts `values` and returns how many pairs stood in the wrong order.
std::uint64_t count_inversions(std::vector<double>& values) {
  std::uint64_t inversions = 0;
  std::vector<double> merged(values.size());
  for (std::size_t width = 1; width < values.size(); width *= 2) {
    for (std::size_t begin = 0; begin < values.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, values.size());
      const std::size_t end = std::min(begin + 2 * width, values.size());
      std::size_t left = begin;
      std::size_t right = middle;
      for (std::size_t out = begin; out < end; ++out) {
        if (right == end || (left < middle && values[left] <= values[right])) {
          merged[out] = values[left++];
        } else {
          inversions += middle - left;
          merged[out] = values[right++];
        }
      }
    }
    values.swap(merged);
  }
  return inversions;
}

}  // namespace

double quantile(std::vector<double>& values, double p) {
  if (values.empty()) return 0;
  const double position = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), at, values.end());
  const double low = *at;
  if (below + 1 == values.size()) return low;
  const double high = *std::min_element(at + 1, values.end());
  return low + (high - low) * (position - static_cast<double>(below));
}

double median(std::vector<double> values) { return quantile(values, 0.5); }

double weighted_median(std::span<const double> values, std::span<const double> weights) {
  MK_CHECK(values.size() == weights.size(), "each value has a weight");
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  const double half = std::accumulate(weights.begin(), weights.end(), 0.0) / 2;
  double sum = 0;
  for (const std::size_t i : order) {
    sum += weights[i];
    if (sum >= half) return values[i];
  }
  return 0;
}

double kendall_tau(std::span<const double> x, std::span<const double> y) {
  MK_CHECK(x.size() == y.size(), "the pairs are whole");
  const std::size_t n = x.size();
  if (n < 2) return 1;
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return x[a] != x[b] ? x[a] < x[b] : y[a] < y[b]; });
  const auto same_x = [&](std::size_t a, std::size_t b) { return x[order[a]] == x[order[b]]; };
  const auto same_y = [&](std::size_t a, std::size_t b) { return y[order[a]] == y[order[b]]; };
  const double ties_x = tied_pairs(n, same_x);
  const double ties_both =
      tied_pairs(n, [&](std::size_t a, std::size_t b) { return same_x(a, b) && same_y(a, b); });
  std::vector<double> by_x(n);
  for (std::size_t i = 0; i < n; ++i) by_x[i] = y[order[i]];
  const auto discordant = static_cast<double>(count_inversions(by_x));
  const double ties_y =
      tied_pairs(n, [&](std::size_t a, std::size_t b) { return by_x[a] == by_x[b]; });
  const double pairs = static_cast<double>(n) * static_cast<double>(n - 1) / 2;
  const double scale = std::sqrt((pairs - ties_x) * (pairs - ties_y));
  if (scale == 0) return ties_x == ties_y ? 1 : 0;
  return (pairs - ties_x - ties_y + ties_both - 2 * discordant) / scale;
}

}  // namespace mk
