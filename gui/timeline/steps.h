// Steps: a counter over time, as a step function, with what a picture needs of it at any scale.
//
// The value holds from its time to the next one's. Immutable once built.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/record.h"

namespace mk::gui {

class Steps {
 public:
  struct Step {
    Nanoseconds time = 0;
    double value = 0;
  };

  // Requires: sorted by time.
  Steps(std::string name, std::vector<Step> steps);

  const std::string& name() const { return name_; }
  double highest() const { return highest_; }
  double lowest() const { return lowest_; }

  // The value that holds at `time`; none before the first step.
  std::optional<double> at(double time) const;

  struct Extremes {
    double low = 0;
    double high = 0;
  };
  // Over [from, to), with the value that holds at `from`; none iff nothing holds there.
  std::optional<Extremes> over(double from, double to) const;

 private:
  std::size_t first_after(double time) const;

  std::string name_;
  std::vector<Step> steps_;
  std::vector<Extremes> blocks_{};  // of kBlock steps each
  double highest_ = 0;
  double lowest_ = 0;
};

// How many intervals [from, to) hold at each time. Both lists in any order, of equal length.
Steps count_steps(std::string name, std::vector<Nanoseconds> from, std::vector<Nanoseconds> to);

}  // namespace mk::gui
