// Kernel-per-operator baselines: the operators of the graph in program order, one kernel each.
//
// A kernel's blocks run on the SMs, `kernel_blocks_per_sm` at once on each, and share the part of
// the achieved bandwidth that its body reaches as a kernel. A kernel that streams weights or reads
// the KV cache is taken to be a library's: cut into as many blocks as it needs to reach every SM,
// whatever the task graph's grid is. The others have one block a task.
//
// On several devices each runs its own share of every operator, all in step: the draws of device 0
// hold for all. The puts and the reduce of an all-reduce are one collective kernel, which ends
// `link.all_reduce` and a ring's transfer after the kernel in front of it; so is an exchange of
// puts alone, as that of the argmax.
#pragma once

#include <string>
#include <vector>

#include "core/task_graph.h"
#include "simulator/engine.h"
#include "simulator/simulate.h"

namespace mk::simulator {

struct Kernel {
  std::uint32_t op = 0;              // its first operator
  TaskKind kind = TaskKind::kEmpty;  // of the operator that streams most of its bytes
  std::int64_t bytes = 0;            // that operator's, a device
  double bandwidth_share = 0;        // of the achieved bandwidth
  bool is_collective = false;
  std::int64_t sent = 0;  // of a collective: the bytes that a device contributes
  std::string name{};
  std::uint32_t tasks = 0;
  std::uint32_t blocks = 0;
  std::vector<std::uint32_t> rows{};  // of Costs, one a task
};

// The kernels of an iteration on one device, in launch order. Empty tasks need none. Requires:
// `costs` is evaluated.
std::vector<Kernel> kernels_of(const TaskGraph& graph, const KernelPlan& plan, const Costs& costs,
                               const Machine& machine);

// Runs the iterations of `options` as kernels under policy stream, graph or pdl.
EngineOutcome run_kernels(const TaskGraph& graph, const Machine& machine,
                          const SimulationOptions& options, Costs& costs, Spreads& spreads,
                          Recording* recording);

}  // namespace mk::simulator
