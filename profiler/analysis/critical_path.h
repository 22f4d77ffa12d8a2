// Why a task started when it did, and which chain of tasks made a run as long as it was.
//
// A task is held by its event or by its worker: by whichever let go last. The event's side lets go
// when the task is ready and, where a scheduler places it, enqueued; the worker's side when its
// previous task has notified. The chain goes on at the last producer of the event, or at the
// worker's previous task, until an iteration's begin. What a trace did not record (kUnknown) ends
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "profiler/analysis/trace_index.h"

namespace mk {

enum class HeldBy : std::uint8_t {
  kBegin,     // waited for `begin` only
  kProducer,  // the last task that notified its event
  kWorker,    // the task before it on its worker
  kUnknown,   // not recorded
};
std::string_view name_of(HeldBy held_by);

// One task of a chain.
struct ChainLink {
  std::uint32_t slice = 0;
  std::uint32_t task = 0;
  std::uint32_t iteration = 0;
  std::uint32_t lane = 0;
  Nanoseconds start = 0;
  Nanoseconds end = 0;
  HeldBy held_by = HeldBy::kUnknown;
  Nanoseconds released = 0;  // when what held it let go; start where unknown
};

// The chain of causes back from the task: it first, then what held it, and so on to `begin`.
// NotFound iff the iteration or the task's record is not in the trace.
Result<std::vector<ChainLink>> explain(const TraceIndex& index, std::uint32_t iteration,
                                       std::uint32_t task);

// "17", or a name as "L3.qkv[17]". NotFound names the graph's last task.
Result<std::uint32_t> find_task(const TraceGraph& graph, std::string_view name_or_number);

struct PathSegment {
  Nanoseconds start = 0;
  Nanoseconds end = 0;
  Cause cause = Cause::kUnknown;
  std::uint32_t iteration = 0;
  std::optional<std::uint32_t> task{};  // running, or being waited for; none between iterations
};

struct PathBlame {
  std::string name{};  // an operator
  double time_us = 0;
  double share = 0;  // of the makespan
};

// What kept the link's task from its start once what held it had let go: [released, start) in time
// order, without empty parts; nothing where it is unknown what held it.
std::vector<PathSegment> waits_of(const Trace& trace, const ChainLink& link);

struct CriticalPath {
  std::vector<ChainLink> links{};       // in time order
  std::vector<PathSegment> segments{};  // tile the makespan: their lengths sum to it exactly
  std::vector<PathBlame> operators{};   // time in and before its tasks, largest first; with
                                        // "(between iterations)"
};

// For each iteration the chain back from the task that ended it.
CriticalPath critical_path(const TraceIndex& index);

}  // namespace mk
