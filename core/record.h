// RunRecord: what one run did, as every backend hands it over. traces/ turns it into a Trace and
// its SQLite file.
//
// Instants are integer nanoseconds from the run's own zero. Simulated instants are rounded from
// picoseconds one by one (never durations), so that what follows from differences sums exactly. An
// instant that a backend did not or cannot take is kNotTaken, never 0. For one worker lane the
// intervals [start, end) never overlap; preloading is a band beside them.
//
// One thread fills a RunRecord; backends with many threads record into buffers of their own and
// merge after the run.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/iteration_state.h"
#include "core/machine.h"
#include "core/policy.h"
#include "core/task_graph.h"

namespace mk {

using Nanoseconds = std::int64_t;
inline constexpr Nanoseconds kNotTaken = std::numeric_limits<Nanoseconds>::min();

enum class LaneKind : std::uint8_t { kWorker, kScheduler, kLink, kStream, kApi, kNvtx };
std::string_view name_of(LaneKind kind);

struct Lane {
  LaneKind kind = LaneKind::kWorker;
  std::uint8_t device = 0;
  std::uint32_t number = 0;           // within its kind and device
  std::optional<std::uint32_t> sm{};  // or core; none where unknown
  std::string name{};                 // for people; may be empty
};

enum class Bound : std::uint8_t { kUnknown, kMemory, kCompute };

struct TaskRecord {
  std::uint32_t task = 0;       // TaskId in the graph of its iteration
  std::uint32_t iteration = 0;  // index into RunRecord::iterations
  std::uint32_t lane = 0;       // index into RunRecord::lanes
  Nanoseconds enqueued =
      kNotTaken;  // the scheduler's store into the worker's queue; none under `static`
  Nanoseconds fetched = kNotTaken;     // the worker has it in hand
  Nanoseconds ready = kNotTaken;       // its dependent event was activated
  Nanoseconds preload = kNotTaken;     // first request for its bytes, where that was before `start`
  Nanoseconds page = kNotTaken;        // the last shared-memory page it needed was free
  Nanoseconds start = kNotTaken;       // first instruction of the body
  Nanoseconds first_data = kNotTaken;  // its start-up is over
  Nanoseconds end = kNotTaken;         // after its last instruction
  // Its arrival at the triggering event is done. On host threads only of an arrival that activated
  // the event, or may have: the others' would hold up what goes on meanwhile.
  Nanoseconds notified = kNotTaken;
  Bound bound = Bound::kUnknown;  // what bounded [first_data, end)
};

// What is no task: a kernel of a baseline, prepare-next-batch, a link's transfer, an API call.
struct SpanRecord {
  std::uint32_t lane = 0;
  std::uint32_t name = 0;  // index into RunRecord::span_names
  Nanoseconds start = 0;
  Nanoseconds end = 0;
  std::optional<std::uint32_t> iteration{};
};

// How well a device's clock is known on the run's axis.
struct ClockRecord {
  std::uint8_t device = 0;
  Nanoseconds uncertainty = 0;  // half width of the interval of the offset
  double drift_ppm = 0;
};

struct ActivationRecord {
  std::uint32_t event = 0;  // EventId in the graph of its iteration
  std::uint32_t iteration = 0;
  Nanoseconds activated =
      kNotTaken;  // the last arrival; where nobody sees it: the latest `notified` of its producers
  Nanoseconds dequeued = kNotTaken;  // a dispatcher has it in hand
  Nanoseconds launched = kNotTaken;  // the last task that it launches is enqueued
  std::optional<std::uint32_t>
      lane{};  // of the dispatcher; a broadcast event has a row a dispatcher
};

struct IterationRecord {
  std::uint32_t graph = 0;  // index into RunRecord::graphs
  Nanoseconds start = 0;    // activation of `begin`
  Nanoseconds end = 0;      // activation of `end`
  IterationState state{};
};

struct RequestRecord {
  Nanoseconds arrival = 0;
  Nanoseconds admitted = kNotTaken;
  Nanoseconds first_token = kNotTaken;
  Nanoseconds done = kNotTaken;
  std::uint32_t tokens = 0;  // generated
};

struct CounterSample {
  std::uint32_t track = 0;  // index into RunRecord::counter_tracks
  Nanoseconds time = 0;
  double value = 0;
};

// A doubt or a loss: "records_dropped", 17, "the buffer of worker 3 was full from iteration 4 on".
struct HealthRecord {
  std::string kind{};
  std::int64_t count = 0;
  std::string message{};
};

struct RunRecord {
  std::map<std::string, std::string>
      meta{};  // keys: traces/FORMAT.md; at least source, model, policy, tool_version
  std::optional<Machine> machine{};  // that it was predicted for
  Policy policy{};
  Roles roles{};
  std::vector<std::shared_ptr<const TaskGraph>> graphs{};
  std::vector<Lane> lanes{};
  std::vector<IterationRecord> iterations{};
  std::vector<RequestRecord> requests{};
  std::vector<TaskRecord> tasks{};              // any order; the trace sorts by (lane, start)
  std::vector<ActivationRecord> activations{};  // may be empty: derived then from `notified`
  std::vector<std::string> span_names{};
  std::vector<SpanRecord> spans{};
  std::vector<ClockRecord> clocks{};
  std::vector<std::string> counter_tracks{};
  std::vector<CounterSample> counters{};
  std::vector<HealthRecord> health{};
};

}  // namespace mk
