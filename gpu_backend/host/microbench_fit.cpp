#include "gpu_backend/host/microbench_fit.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/check.h"

namespace mk::microbench {
namespace {

constexpr std::size_t kTimes = 3;  // fixed, per_activation, per_flop
using Times = std::array<double, kTimes>;

// Rows of amounts a microsecond, each of which x should make 1.
struct Squares {
  std::array<Times, kTimes> product{};  // sum of row x row
  Times sum{};                          // of rows

  void add(const Times& row) {
    for (std::size_t i = 0; i < kTimes; ++i) {
      sum[i] += row[i];
      for (std::size_t j = 0; j < kTimes; ++j) product[i][j] += row[i] * row[j];
    }
  }

  // The best x[i] >= 0 while the others stay.
  double best(std::size_t i, const Times& x) const {
    double rest = sum[i];
    for (std::size_t j = 0; j < kTimes; ++j) rest -= j == i ? 0 : product[i][j] * x[j];
    return product[i][i] > 0 ? std::max(0.0, rest / product[i][i]) : 0;
  }
};

}  // namespace

BodyTimes fit_body(std::span<const BodyPoint> points, Arithmetic arithmetic) {
  // In units of the largest amount, so that all three are of one size.
  BodyPoint largest;
  for (const BodyPoint& p : points) {
    MK_CHECK(p.us > 0, "a body takes time");
    largest.kib = std::max(largest.kib, p.kib);
    largest.flops = std::max(largest.flops, p.flops);
  }
  const bool has_flops = arithmetic == Arithmetic::kApart && largest.flops > 0;
  const double kib = largest.kib > 0 ? 1 / largest.kib : 0;
  const double flops = has_flops ? 1 / largest.flops : 0;
  Squares squares;
  for (const BodyPoint& p : points) {
    squares.add({1 / p.us, kib * p.kib / p.us, flops * p.flops / p.us});
  }
  // One after the other until nothing moves: the sum of squares is convex, and three are few.
  constexpr int kRounds = 20'000;
  Times x{};
  for (int round = 0; round < kRounds; ++round) {
    double moved = 0;
    for (std::size_t i = 0; i < kTimes; ++i) {
      const double to = squares.best(i, x);
      moved = std::max(moved, std::abs(to - x[i]));
      x[i] = to;
    }
    if (moved < 1e-12) break;
  }
  return {x[0], x[1] * kib, x[2] * flops};
}

}  // namespace mk::microbench
