// Ticks: the cheapest clock of the host that all cores share, for the recorder's time stamps.
//
// The time stamp counter where the processor says that it is invariant (8 ns here, against 20 ns of
// steady_clock), else steady_clock. TickScale turns ticks of one run into its nanoseconds: it holds
// both clocks against each other at the run's start and end.
#pragma once

#include <cstdint>

#include "core/record.h"

namespace mk {

// True iff ticks are the time stamp counter.
bool ticks_are_tsc();

// Not before the loads that stand before it are done: a stamp taken after seeing another thread's
// store is later than the stamp that thread took before it.
std::uint64_t ticks_now();

class TickScale {
 public:
  TickScale();    // the start: takes both clocks
  void finish();  // the end: takes them again
  double ns_per_tick() const { return ns_per_tick_; }
  // Half width of the interval that each of the two comparisons left open.
  double uncertainty_ns() const { return uncertainty_ns_; }

  // Requires: finish() was called.
  Nanoseconds nanoseconds(std::uint64_t ticks, std::uint64_t zero) const;

 private:
  struct Pair {
    std::uint64_t ticks = 0;
    std::int64_t ns = 0;
    std::uint64_t width = 0;  // ticks
  };
  static Pair take();

  Pair start_{};
  double ns_per_tick_ = 1;
  double uncertainty_ns_ = 0;
};

}  // namespace mk
