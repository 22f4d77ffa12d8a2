// The simulator: predicts what each worker does at each instant, for any machine, without one.
//
//   const auto result = simulate(graph, machine, options);   // result->makespan, ->record ...
//
// Deterministic: the same graph, machine and options give the same bytes (wall_seconds apart). Any
// number of threads may simulate at once. Placement is that of core/policy.h, by construction the
// one of the backends. How each mechanism works and what is not modelled: simulator/README.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/injection.h"
#include "core/iteration_state.h"
#include "core/machine.h"
#include "core/policy.h"
#include "core/record.h"
#include "core/result.h"
#include "core/task_graph.h"
#include "core/units.h"
#include "simulator/kernel_plan.h"
#include "simulator/mechanisms.h"

namespace mk {

// Both give the same result, to the tick. The reference plays every hop and every poll, and checks
// no queue's limit: the tests' oracle, for megakernel policies.
enum class EngineKind : std::uint8_t { kElided, kReference };

constexpr std::string_view name_of(EngineKind engine) {
  return engine == EngineKind::kElided ? "elided" : "reference";
}

inline constexpr double kMostBodyFactor = 4096;

struct SimulationOptions {
  Policy policy{};
  Roles roles{};  // ignored by kernel-per-operator policies
  std::vector<IterationState> iterations = {decode_step(1, 1)};  // at least one
  std::uint64_t seed = 1;
  bool record = false;       // keep the RunRecord
  bool lower_bounds = true;  // they cost about as much again as the simulation
  Mechanisms mechanisms{};
  Injections injections{};
  // Empty, or one a task and iteration, [iteration * tasks + task]: what the body's duration is
  // multiplied by, instead of its draw and its SM's factor (replays of measured runs). Up to
  // kMostBodyFactor, and its inverse, for megakernel policies; the lower bounds know nothing of
  // them.
  std::vector<double> body_factors{};
  // Empty, or one a task and iteration, as body_factors: the worker that a JIT-launched task is
  // placed on, one of those that its dispatcher feeds, instead of the policy's choice; kNoIndex:
  // that one (replays of measured runs). On one device.
  std::vector<std::uint32_t> jit_workers{};
  KernelPlan kernels{};  // of kernel-per-operator policies
  EngineKind engine = EngineKind::kElided;
  // Hears now and then, from the thread that simulates, which part of the run is done, 0 .. 1;
  // where it answers false the run ends with "interrupted" (kStuck). For megakernel policies; may
  // be empty.
  std::function<bool(double part)> progress{};
};

// No correct run of these iterations is shorter than any of them, with the same random draws.
struct LowerBounds {
  std::int64_t weight_bytes = 0;  // streamed from memory, over all iterations and devices
  std::int64_t kv_bytes = 0;
  std::int64_t flops = 0;
  Duration bytes{};  // those of the busiest device at the achieved bandwidth with all SMs active
  Duration flop{};   // flops on all workers at their bodies' rate
  Duration critical_path{};  // infinitely many workers, each alone with the memory
  Duration work{};           // sum of the tasks' shortest durations over the workers

  Duration largest() const;
};

struct SimulationResult {
  Duration makespan{};                 // activation of the first `begin` to that of the last `end`
  std::vector<Duration> iterations{};  // `begin` to `end` of each
  double worker_busy_fraction = 0;     // of all workers x makespan: executing bodies
  double scheduler_busy_fraction = 0;  // of all schedulers x makespan: dequeueing and enqueueing
  double hbm_fraction = 0;  // bytes / makespan, of the datasheet's bandwidth (of all devices)
  std::optional<LowerBounds> bounds{};
  std::uint64_t tasks_simulated = 0;   // per-kernel policies: tasks whose work the kernels did
  std::uint64_t events_processed = 0;  // by the engine, not the graph's
  double wall_seconds = 0;             // of the engine alone: measured, not deterministic
  std::optional<RunRecord> record{};
};

// Refused, with the numbers: an impossible split, no iteration, a graph for more devices than the
// machine has (several only under megakernel policies), a queue that overflows, an injection for a
// worker that is not there, a kernel of an operator that is not there. kStuck if a notification is
// injected away.
Result<SimulationResult> simulate(std::shared_ptr<const TaskGraph> graph, const Machine& machine,
                                  const SimulationOptions& options);

}  // namespace mk
