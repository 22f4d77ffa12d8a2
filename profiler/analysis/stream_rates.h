// What streams get of a memory that they share, and what is behind a rate that was seen: the
// arithmetic of calibrate_bodies.cpp. Rates and offers in GB/s.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/machine.h"

namespace mk {

// The limit of a stream at which each of `streams` gets `rate` where the memory offers `offered`.
double limit_behind(double rate, double streams, double offered);

// The mean rate of a stream beside `bodies` - 1 other bodies, each of which streams for `share` of
// its time, where the memory offers offered(n) to n streams.
template <typename Offered>
double mean_rate(const Offered& offered, int bodies, double limit, double share) {
  double sum = 0;
  double ways = 1;  // to choose which others stream
  for (int others = 0; others < bodies; ++others) {
    const double chance = ways * std::pow(share, others) * std::pow(1 - share, bodies - 1 - others);
    const int active = others + 1;
    sum += chance * smooth_minimum(active * limit, offered(active)) / active;
    ways = ways * (bodies - 1 - others) / active;
  }
  return sum;
}

// The machine's curve, if it offered `most` to as many as `bodies` streams: no more than that to
// fewer; where it is more than the curve has, as much more to fewer.
class CurveThrough {
 public:
  CurveThrough(const Machine& machine, int bodies, double most)
      : machine_(machine), most_(most), more_(most / machine.bandwidth_at(bodies)) {}
  double operator()(int active) const {
    const double offered = machine_.bandwidth_at(active);
    return more_ > 1 ? more_ * offered : std::min(offered, most_);
  }

 private:
  const Machine& machine_;
  double most_;
  double more_;
};

// What the memory has to offer to as many streams for that mean rate to be `rate`.
double offer_behind(const Machine& machine, double rate, int bodies, double limit, double share);

}  // namespace mk
