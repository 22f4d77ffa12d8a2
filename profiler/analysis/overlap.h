// How much of a run's communication was hidden behind computing, and how evenly work was spread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "traces/trace.h"

namespace mk {

// Of one device: instants with at least one slice of that sort. Communication: communication tasks,
// slices on links, copies. Computing: every other task, every other slice on a stream.
struct Overlap {
  std::uint8_t device = 0;
  Nanoseconds communicating = 0;
  Nanoseconds computing = 0;
  Nanoseconds both = 0;

  // Share of the communication that is hidden; 0 where there is none.
  double hidden() const {
    return communicating > 0 ? static_cast<double>(both) / static_cast<double>(communicating) : 0;
  }
};

// Devices that did either, in their order.
std::vector<Overlap> overlaps(const Trace& trace);

struct Imbalance {
  std::string name{};  // an operator; the first is "(all tasks)"
  double worker_ratio =
      1;                  // busiest worker's time over the mean worker's, the mean over iterations
  double task_ratio = 1;  // longest task over the mean task, the mean over iterations
};

// Operators in the graph's order. Empty iff no task was recorded.
std::vector<Imbalance> imbalances(const Trace& trace);

}  // namespace mk
