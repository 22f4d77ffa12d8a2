// Groups of records that belong together, for the jackknife of calibration: an iteration each;
// where a run has few iterations, a layer of an iteration each. Groups are dealt in turn to
// kRecordGroups.
#pragma once

#include <cstddef>
#include <cstdint>

#include "traces/trace.h"

namespace mk {

inline constexpr std::uint8_t kRecordGroups = 8;

// Iterations below it are warm-up.
inline std::uint32_t first_steady_iteration(const Trace& trace) {
  return trace.iterations.size() > 1 ? 1 : 0;
}

// Views into a trace, which must outlive it.
class RecordGroups {
 public:
  explicit RecordGroups(const Trace& trace)
      : trace_(trace), by_layer_(trace.iterations.size() < 2 * std::size_t{kRecordGroups}) {}

  // Requires: the slice is a task's.
  std::uint8_t of(std::size_t slice) const {
    const std::uint32_t iteration = trace_.slices.iteration[slice];
    if (!by_layer_) return of_iteration(iteration);
    const auto layer = trace_.graph_of(iteration).op_of(trace_.slices.task[slice]).layer;
    return of_iteration(layer ? iteration + *layer : iteration + kRecordGroups - 1);
  }
  static std::uint8_t of_iteration(std::uint32_t iteration) {
    return static_cast<std::uint8_t>(iteration % kRecordGroups);
  }

 private:
  const Trace& trace_;
  bool by_layer_;
};

}  // namespace mk
