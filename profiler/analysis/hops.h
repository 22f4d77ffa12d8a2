// Hops: from the activation of a task's event to the start of its body, where its worker was free.
//
//   operator     hops   p50 us   p95 us   p99 us   max us
//   qkv           192     1.10     1.91     2.40      3.0
//
// Tasks whose worker was still busy when their event was activated are counted, but are no hops:
// they waited for the worker.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiler/analysis/trace_index.h"

namespace mk {

struct HopRow {
  std::string name{};  // an operator; the first row is "(all)"
  std::uint64_t hops = 0;
  std::uint64_t worker_busy = 0;  // tasks that waited for their worker instead
  double p50_us = 0;
  double p95_us = 0;
  double p99_us = 0;
  double max_us = 0;
};

// Rows in the graph's order. Empty iff no task's activation is known.
std::vector<HopRow> hop_latencies(const TraceIndex& index);

}  // namespace mk
