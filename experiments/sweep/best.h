// "Which split and policy": the fastest choices of a sweep, and what one gives up by the others.
//
// A scenario is everything that is given (model, machine, batch, context ...); a choice is policy,
// placement, workers, schedulers and partition; seeds repeat both. A choice's time is its mean over
// the seeds. Its regret, seed by seed, is its time less that of the fastest choice of that seed: so
// regret is never negative, and its interval over the seeds says how sure the order is.
#pragma once

#include <vector>

#include "traces/sweep_record.h"

namespace mk {

struct Choice {
  SweepPoint point{};  // of the first seed
  std::size_t seeds = 0;
  double iteration_us = 0;  // mean over the seeds
  double regret_us = 0;     // mean over the seeds
  double regret_low_us = 0;
  double regret_high_us = 0;  // smallest and largest of one seed
};

// The best choice of each policy in each scenario, by scenario, then from the smallest regret up.
// Rows without a prediction are passed over; a choice counts only if it has all seeds of its
// scenario.
std::vector<Choice> best_choices(const std::vector<SweepRow>& rows);

}  // namespace mk
