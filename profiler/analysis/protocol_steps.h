// The recorded lengths of each step of the protocol: what calibration fits `protocol.*` and
// `boundary.*` to. Warm-up is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "profiler/analysis/hand_off.h"
#include "traces/trace.h"

namespace mk {

// One recorded length, and how much was done in it where that varies.
struct StepRecord {
  double us = 0;
  double amount = 1;
  std::uint8_t group = 0;  // record_groups.h
};

struct BoundaryRecord {
  double us = 0;        // an iteration's end -> the next one's begin
  double requests = 0;  // live in that next iteration, and its tokens
  double tokens = 0;
  std::uint8_t group = 0;
};

struct ProtocolSteps {
  std::vector<StepRecord> notify{};  // a body's end -> its arrival
  // Tasks that were placed ahead, from the worker's `fetched` on or, later, its arrival: of workers
  // that wait for one flag, and of those (hybrid) that look at two places.
  std::vector<HandOff> placed_ahead{};
  std::vector<HandOff> placed_ahead_of_two{};
  std::vector<StepRecord> launched{};  // JIT tasks: free with the task in hand -> start
  // From the worker's arrival on to `fetched`, for the first task of a batch: `wait` until it was
  // enqueued. Of those who look at one place and of those who look at two.
  std::vector<HandOff> fetched{};
  std::vector<HandOff> fetched_of_two{};
  // From the first to the last of what one dispatcher enqueued in a row: `amount` tasks but one.
  std::vector<StepRecord> enqueues{};
  std::vector<StepRecord> dispatches{};  // an event in hand -> its `amount` tasks enqueued
  std::vector<StepRecord> dequeue{};     // activated -> in hand of an idle scheduler
  std::vector<BoundaryRecord> boundary{};
  bool has_schedulers = false;
};

// Adds those of one trace.
void add_steps(const Trace& trace, ProtocolSteps& out);

}  // namespace mk
