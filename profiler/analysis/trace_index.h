// Where in a trace to find a task, what ran before it on its lane, and who notifies an event.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "traces/trace.h"

namespace mk {

// Views into a trace, which must outlive it. Read only once made: any number of threads may.
class TraceIndex {
 public:
  explicit TraceIndex(const Trace& trace);

  const Trace& trace() const { return trace_; }

  // The slice of the task in that iteration, kNoIndex iff the run did not record it. If it was
  // recorded twice, the first.
  std::uint32_t slice_of(std::uint32_t iteration, std::uint32_t task) const {
    return slice_of_[iteration][task];
  }
  // The slice before it on its lane, kNoIndex iff there is none.
  std::uint32_t before(std::uint32_t slice) const;
  // The tasks that notify the event.
  std::span<const std::uint32_t> producers(std::uint32_t graph, std::uint32_t event) const;
  // When the event was activated, kNotTaken iff nobody knows.
  Nanoseconds activated(std::uint32_t iteration, std::uint32_t event) const {
    return activations_[iteration][event];
  }
  // When the slice's task could start as far as its event goes: its own `ready`, or the
  // activation.
  Nanoseconds ready(std::uint32_t slice) const;

 private:
  struct Producers {
    std::vector<std::uint32_t> first{};  // event_count + 1
    std::vector<std::uint32_t> tasks{};
  };

  const Trace& trace_;
  std::vector<std::vector<std::uint32_t>> slice_of_{};
  std::vector<Producers> producers_{};  // by graph
  std::vector<std::vector<Nanoseconds>> activations_{};
};

}  // namespace mk
