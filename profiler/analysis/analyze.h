// Where the time of a run went: utilisation of each worker, causes of all time, the longest waits.
//
//   cause               time_us    share
//   execute_memory     61212.4    78.2 %
//   wait_dependency     8120.9    10.4 %
//   ...
// Shares are of makespan x workers, to which the causes sum exactly.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "traces/trace.h"

namespace mk {

struct CauseTime {
  Cause cause = Cause::kUnknown;
  Nanoseconds time = 0;
  double share = 0;  // of makespan x workers

  double time_us() const { return static_cast<double>(time) * 1e-3; }
};

struct LaneUse {
  std::uint32_t lane = 0;
  std::uint64_t tasks = 0;
  Nanoseconds busy = 0;          // executing
  double busy_fraction = 0;      // of the makespan
  Nanoseconds longest_wait = 0;  // without a task running
};

// A stretch in which a worker did not execute, from one body to the next.
struct Bubble {
  std::uint32_t lane = 0;
  Nanoseconds start = 0;
  Nanoseconds end = 0;
  Cause cause = Cause::kUnknown;        // that holds most of it
  std::optional<std::uint32_t> task{};  // that it ended with
  std::uint32_t iteration = 0;
};

struct Analysis {
  Nanoseconds makespan = 0;
  std::uint32_t iterations = 0;
  std::uint32_t workers = 0;        // lanes
  double busy_fraction = 0;         // of makespan x workers
  std::vector<CauseTime> causes{};  // in the order of core/cause.h, without those of no time
  std::vector<LaneUse> lanes{};     // workers
  std::vector<Bubble> bubbles{};    // longest first
};

struct AnalyzeOptions {
  std::size_t bubbles = 10;  // at most
};

// Any trace: one without iterations has nothing of anything.
Analysis analyze(const Trace& trace, const AnalyzeOptions& options = {});

}  // namespace mk
