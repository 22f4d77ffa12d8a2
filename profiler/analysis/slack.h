// Slack: how much later each task could have ended without making its iteration longer, all else
// taking as long as it did.
//
//   operator     tasks   no slack   median us    p95 us
//   qkv            384       12 %         3.1      22.0
//
// Two edges let a delay through: a task's event, where it may be late by as much as it came before
// the last arrival; and its worker, where it may be late until the worker's next task began. A
// consumer that was held by its worker absorbs its event's delay up to that. Tasks without slack
// are the critical ones; making others faster gains nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiler/analysis/trace_index.h"

namespace mk {

struct OperatorSlack {
  std::string name{};
  std::uint64_t tasks = 0;
  double critical_share = 0;  // of its tasks: those without slack
  double median_us = 0;
  double p95_us = 0;
};

struct Slack {
  std::vector<Nanoseconds> of_slice{};     // kNotTaken for what is no task
  std::vector<OperatorSlack> operators{};  // in the graph's order, same names together
};

Slack slack(const TraceIndex& index);

}  // namespace mk
