// A predicted run beside a measured one, task by task.
//
//   iterations 2 .. 63 (62 compared, 1 warm-up), 3471 tasks each
//   iteration      predicted 4821.3 us   measured 5012.7 us   error 3.8 %
//   placement      100.0 % on the same worker      order tau 0.991
//   task start     median 12.1 us, p95 88.0 us     within its layer: 1.9 us, 7.4 us
//   duration       median 2.7 %, p95 11.3 %        workers' last ends: 1.2 %
//
// Tasks are matched by (iteration of the run, task id): of a recorder's window, the iterations that
// it had. Both runs must be of the same graphs (by hash). The
// figures are those of the interface description: end_to_end_error = |median predicted - median
// measured iteration| / measured; starts count from the iteration's begin, or from the first start
// in the task's layer (operators without a layer: in the operator); duration_error = |predicted -
// measured| / measured; worker_finish_error = mean over workers and iterations of |difference of
// last end| / measured iteration; order_agreement = Kendall's tau-b of start order, mean over
// iterations; placement_agreement = share of matched tasks on the same worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "profiler/analysis/task_deltas.h"
#include "profiler/analysis/task_errors.h"
#include "traces/trace.h"

namespace mk {

enum class BreakdownBy : std::uint8_t { kOperator, kWorker, kLayer, kCause };
std::string_view name_of(BreakdownBy by);
std::optional<BreakdownBy> breakdown_from_name(std::string_view name);

struct CompareOptions {
  // Iterations at the start that are left out; none: 1 where there are more than 1.
  std::optional<std::uint32_t> warmup{};
  BreakdownBy by = BreakdownBy::kOperator;
  std::uint32_t tasks = 0;  // how many of the tasks that differ most to list
  bool parts = false;       // split start errors, by operator
};

struct MedianP95 {
  double median = 0;
  double p95 = 0;
};

// Of a mean iteration: time in bodies, summed over workers (by cause: all time of all workers).
struct BreakdownRow {
  std::string name{};
  std::uint64_t tasks = 0;  // matched, of all iterations; 0 by cause
  double predicted_us = 0;
  double measured_us = 0;

  double delta_us() const { return predicted_us - measured_us; }
};

struct Comparison {
  std::uint32_t warmup = 0;
  std::uint32_t iterations = 0;  // compared
  std::uint64_t matched_tasks = 0;
  std::uint64_t only_predicted = 0;  // task records of compared iterations without a partner
  std::uint64_t only_measured = 0;
  double predicted_iteration_us = 0;  // medians
  double measured_iteration_us = 0;
  double end_to_end_error = 0;
  double placement_agreement = 0;
  double order_agreement = 0;
  MedianP95 start_error_us{};
  MedianP95 layer_start_error_us{};
  MedianP95 duration_error{};  // over tasks that took any time
  double worker_finish_error = 0;
  std::vector<BreakdownRow> breakdown{};  // in the graph's, the workers', the causes' order
  std::vector<TaskDelta> tasks{};         // the larger difference first
  std::vector<OperatorErrors> parts{};    // where they were asked for
  std::vector<std::string> notes{};       // what could not be matched, in words
};

// InvalidInput iff the traces ran different graphs (names both), have no iteration in common, or
// warm-up leaves none.
Result<Comparison> compare(const Trace& predicted, const Trace& measured,
                           const CompareOptions& options = {});

// One sentence: how far off, which row explains most of it and, where tasks were asked for, which
// task differs most and why.
std::string verdict(const Comparison& comparison);

}  // namespace mk
