// A recorded run again, in the simulator: the same graph, iterations, policy and split, with bodies
// that last as long as they were measured.
//
// Each body gets a factor on the simulator's own duration of it, found by simulating until
// simulated and measured durations agree; so a body that the memory bounds still gets faster where
// a what-if makes the memory faster. Hops, polls and placement are the simulator's: how far the
// replay is from the measured run without any change says what they are worth.
#pragma once

#include <string>
#include <vector>

#include "core/machine.h"
#include "core/result.h"
#include "simulator/simulate.h"
#include "traces/trace.h"

namespace mk::cli {

struct Replay {
  std::shared_ptr<const TaskGraph> graph{};
  Machine machine{};
  SimulationOptions options{};     // with body_factors
  double measured_us = 0;          // median iteration of the trace
  double replayed_us = 0;          // the same of the replay
  double duration_residual = 0;    // median |simulated - measured| / measured over bodies
  std::uint64_t not_recorded = 0;  // bodies whose duration the trace does not have: factor 1

  double error() const { return replayed_us / measured_us - 1; }
};

// The graph of a trace, for the simulator: without tensors, its operators in one row of tiles each.
// InvalidInput iff the trace's columns are no graph.
Result<TaskGraph> graph_of(const TraceGraph& trace_graph);

// Refused: traces without iterations, of several graphs, of kernel-per-operator policies.
Status check_replay(const Trace& trace);

// `machine`: a name or file; empty: the one that the trace carries. Usage iff it carries none.
Result<Machine> replay_machine(const Trace& trace, const std::string& machine);

// InvalidInput, Unsupported as check_replay(); `machine` as replay_machine().
Result<Replay> make_replay(const Trace& trace, const std::string& machine);

// Median iteration, in us.
Result<double> replay_us(const Replay& replay);

// Changes the replay's set-up: "policy", "placement", "workers", "schedulers", "mechanism.NAME", or
// a machine's number by its dotted path. kUsage or NotFound names the key.
Status apply_change(Replay& replay, const std::string& key_value);

}  // namespace mk::cli
