// The iterations of one run, compared with each other: when it became steady, which stick out,
// whether it drifts.
//
//   64 iterations, steady from 3 on: median 812.4 us, spread 0.7 %; 2 outliers (17: +31 %, 40: +12
//   %); drift +0.02 % an iteration
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "traces/trace.h"

namespace mk {

struct IterationOutlier {
  std::uint32_t iteration = 0;
  double excess = 0;  // of its length over the steady median: 0.31 is 31 % longer
};

struct IterationHistory {
  std::vector<double> length_us{};  // of each iteration
  std::uint32_t steady_from =
      0;                 // the first of the steady ones; all of them where it never settles
  double median_us = 0;  // of the steady ones
  double spread = 0;     // their median absolute deviation (x 1.4826) over the median
  double drift = 0;      // slope over the steady ones, a share of the median an iteration
  std::vector<IterationOutlier> outliers{};  // steady ones off by more than 5 spreads and 2 %

  bool is_empty() const { return length_us.empty(); }
};

// Steady from the first iteration on that lies within 5 spreads (at least 2 %) of the median of the
// second half. The drift is the median of slopes between the first and the second half (Theil and
// Sen's idea), which outliers do not move. Contexts that grow with each token are drift too.
IterationHistory iteration_history(const Trace& trace);

// The sentence above, without its line break.
std::string describe(const IterationHistory& history);

}  // namespace mk
