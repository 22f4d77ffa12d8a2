// Trace: what one run did, as immutable columns that analysis, the viewer and the SQLite file
// share.
//
// Made from a RunRecord (make_trace) or read from a file (sqlite_file.h); both give the same Trace.
// It needs no TaskGraph: `graphs` holds what compare, analyze and calibrate ask of one.
//
// Invariants, which make_trace() and read_trace() establish:
//   (1) Slices are sorted by (lane, start, end, iteration, task); all their columns have size()
//       entries.
//   (2) A slice has a task and an iteration, or else a name. Every index (lane, task in the graph
//       of its iteration, iteration, name, operator, event, class, track) is in range.
//   (3) start <= end of every slice and iteration; other instants may be kNotTaken.
//   (4) Flows and details name slices.
//   (5) Each activation names an event of its iteration's graph; sorted by (iteration, event,
//   lane).
//
// Once made it is only read, so any number of threads may read one Trace. Units: nanoseconds from
// the run's own zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cause.h"
#include "core/instants.h"
#include "core/policy.h"
#include "core/record.h"
#include "core/task_graph.h"

namespace mk {

// An operator as far as traces carry it.
struct TraceOperator {
  std::string name{};
  TaskKind kind = TaskKind::kEmpty;
  std::optional<std::uint32_t> layer{};
  std::uint8_t device = 0;
  std::uint32_t tiles = 1;
  friend bool operator==(const TraceOperator&, const TraceOperator&) = default;
};

struct TraceGraph {
  std::uint64_t hash = 0;  // of the TaskGraph
  GraphInfo info{};
  std::vector<TraceOperator> operators{};
  std::vector<TaskClass> classes{};  // without page_release_step
  TaskColumns tasks{};
  EventColumns events{};

  std::uint32_t task_count() const { return static_cast<std::uint32_t>(tasks.kind.size()); }
  std::uint32_t event_count() const {
    return static_cast<std::uint32_t>(events.trigger_count.size());
  }
  const TraceOperator& op_of(std::uint32_t task) const { return operators[tasks.op[task]]; }
  const TaskClass& class_of(std::uint32_t task) const { return classes[tasks.task_class[task]]; }
  // "L3.qkv[17]": as TaskGraph::task_name.
  std::string task_name(std::uint32_t task) const;
};

// One entry a slice in each. kNoIndex stands for "none" in task, iteration and name.
struct SliceColumns {
  std::vector<std::uint32_t> lane{};
  std::vector<std::uint32_t> task{};
  std::vector<std::uint32_t> iteration{};
  std::vector<std::uint32_t> name{};  // index into Trace::strings, only where task is none
  Instants enqueued{};
  Instants fetched{};
  Instants ready{};
  Instants preload{};
  Instants page{};
  Instants start{};
  Instants first_data{};
  Instants end{};
  Instants notified{};
  std::vector<Bound> bound{};

  std::size_t size() const { return start.size(); }
  bool is_task(std::size_t slice) const { return task[slice] != kNoIndex; }
  void resize(std::size_t size);
  // About what they hold on the heap.
  std::size_t bytes() const;
};

// What caused what outside of a task graph: an API call and the kernel that it launched.
struct SliceFlow {
  std::uint32_t from = 0;  // slices
  std::uint32_t to = 0;
  friend bool operator==(const SliceFlow&, const SliceFlow&) = default;
};

// What else is known of a slice, as text: "grid" = "132x1x1".
struct SliceDetail {
  std::uint32_t slice = 0;
  std::uint32_t key = 0;  // indexes into Trace::strings
  std::uint32_t value = 0;
  friend bool operator==(const SliceDetail&, const SliceDetail&) = default;
};

struct Trace {
  // Keys: traces/FORMAT.md. Policy and roles stand here too, as the file has them.
  std::map<std::string, std::string> meta{};
  Policy policy{};
  Roles roles{};
  std::vector<TraceGraph> graphs{};
  std::vector<Lane> lanes{};
  std::vector<IterationRecord> iterations{};
  std::vector<RequestRecord> requests{};
  std::vector<std::string>
      strings{};  // names of slices that are no task, of counter tracks; details
  SliceColumns slices{};
  std::vector<ActivationRecord> activations{};
  std::vector<ClockRecord> clocks{};
  std::vector<CounterSample> counters{};  // track: an index into `strings`
  std::vector<HealthRecord> health{};
  std::vector<SliceFlow> flows{};      // in the order of `from`
  std::vector<SliceDetail> details{};  // in the order of `slice`
  std::vector<Interval> intervals{};   // empty unless the file has them: see intervals_of()

  const TraceGraph& graph_of(std::uint32_t iteration) const {
    return graphs[iterations[iteration].graph];
  }
  // From the first iteration's start to the last one's end; where there is no iteration, of all
  // slices; 0 where there is neither.
  Nanoseconds start() const;
  Nanoseconds end() const;
  Nanoseconds makespan() const { return end() - start(); }
};

// Requires: every index in the record is in range (a backend's bug otherwise).
Trace make_trace(const RunRecord& record);

// What derive_intervals() reads, as views into `trace`, which must outlive them.
CauseInput cause_input(const Trace& trace);

// The stored intervals, or derived ones where the file has none.
std::vector<Interval> intervals_of(const Trace& trace);

std::optional<LaneKind> lane_kind_from_name(std::string_view name);
std::string_view name_of(Bound bound);
std::optional<Bound> bound_from_name(std::string_view name);
std::string_view name_of(LaunchLabel label);

// A lane's name for people: its own, or "worker 3".
std::string lane_name(const Lane& lane);

}  // namespace mk
