// HostRunOptions: how run_on_threads runs a graph.
#pragma once

#include <cstdint>
#include <vector>

#include "core/injection.h"
#include "core/policy.h"
#include "core/result.h"
#include "core/task_graph.h"

namespace mk {

struct HostRunOptions {
  Policy policy{};
  Roles roles{};
  std::vector<double> task_us{};     // estimates for the placement rules; empty: by bytes
  double deadline_seconds = 30;      // a run in which nothing moves for so long is stuck
  bool record = true;                // tasks and activations; iterations are always recorded
  std::uint64_t record_rows = 0;     // that a lane keeps; 0: as many as the run may need, at most
                                     // kDefaultRecordRows
  bool pin_threads = true;           // one thread a core, where workers + schedulers <= cores
  std::uint32_t queue_capacity = 0;  // of each queue, rounded up to a power of two; 0: such that
                                     // none can be full
  Injections injections{};
};

inline constexpr std::uint64_t kDefaultRecordRows = 1U << 20;

// Cores that this process may use.
std::uint32_t usable_cores();

// Usage or InvalidInput iff the options make no sense for the graph: a policy that is no megakernel
// policy, hybrid with blocking_fifo (it can deadlock), no workers, a graph for several devices that
// needs schedulers and has none, estimates that do not match, an injection for a worker or task
// that is not there. Roles are those of each device.
Status check_options(const TaskGraph& graph, const HostRunOptions& options);

}  // namespace mk
