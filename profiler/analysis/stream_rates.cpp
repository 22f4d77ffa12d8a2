#include "profiler/analysis/stream_rates.h"

namespace mk {

double limit_behind(double rate, double streams, double offered) {
  double low = rate;
  double high = 4 * rate;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (smooth_minimum(streams * middle, offered) < streams * rate ? low : high) = middle;
  }
  return high;
}

double offer_behind(const Machine& machine, double rate, int bodies, double limit, double share) {
  double low = rate;
  double high = 100 * bodies * limit;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (mean_rate(CurveThrough(machine, bodies, middle), bodies, limit, share) < rate ? low : high) =
        middle;
  }
  return high;
}

}  // namespace mk
