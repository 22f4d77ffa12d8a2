#include "gui/timeline/steps.h"

#include <algorithm>

namespace mk::gui {
namespace {
constexpr std::size_t kBlock = 64;

Steps::Extremes joined(const Steps::Extremes& a, double value) {
  return {std::min(a.low, value), std::max(a.high, value)};
}
}  // namespace

Steps::Steps(std::string name, std::vector<Step> steps)
    : name_(std::move(name)), steps_(std::move(steps)) {
  for (std::size_t k = 0; k < steps_.size(); ++k) {
    const double value = steps_[k].value;
    if (k % kBlock == 0) blocks_.push_back({value, value});
    blocks_.back() = joined(blocks_.back(), value);
    lowest_ = k == 0 ? value : std::min(lowest_, value);
    highest_ = k == 0 ? value : std::max(highest_, value);
  }
}

std::size_t Steps::first_after(double time) const {
  const auto it = std::partition_point(steps_.begin(), steps_.end(), [time](const Step& s) {
    return static_cast<double>(s.time) <= time;
  });
  return static_cast<std::size_t>(it - steps_.begin());
}

std::optional<double> Steps::at(double time) const {
  const std::size_t after = first_after(time);
  if (after == 0) return std::nullopt;
  return steps_[after - 1].value;
}

std::optional<Steps::Extremes> Steps::over(double from, double to) const {
  std::size_t k = first_after(from);
  std::optional<Extremes> result;
  if (k > 0) result = Extremes{steps_[k - 1].value, steps_[k - 1].value};
  while (k < steps_.size() && static_cast<double>(steps_[k].time) < to) {
    const bool whole_block = k % kBlock == 0 && k + kBlock <= steps_.size() &&
                             static_cast<double>(steps_[k + kBlock - 1].time) < to;
    const Extremes part =
        whole_block ? blocks_[k / kBlock] : Extremes{steps_[k].value, steps_[k].value};
    result = result ? joined(joined(*result, part.low), part.high) : part;
    k += whole_block ? kBlock : 1;
  }
  return result;
}

Steps count_steps(std::string name, std::vector<Nanoseconds> from, std::vector<Nanoseconds> to) {
  std::sort(from.begin(), from.end());
  std::sort(to.begin(), to.end());
  std::vector<Steps::Step> steps;
  std::size_t begun = 0;
  std::size_t ended = 0;
  while (ended < to.size()) {
    const Nanoseconds time = begun < from.size() ? std::min(from[begun], to[ended]) : to[ended];
    while (begun < from.size() && from[begun] == time) ++begun;
    while (ended < to.size() && to[ended] == time) ++ended;
    const double value = static_cast<double>(begun) - static_cast<double>(ended);
    if (steps.empty() || steps.back().value != value) steps.push_back({time, value});
  }
  return {std::move(name), std::move(steps)};
}

}  // namespace mk::gui
