// Machines and graphs with closed forms.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/machine.h"
#include "core/task_graph.h"
#include "simulator/simulate.h"

namespace mk::testing {

// All costs 0 but what a test sets; 8 SMs of which 8 are workers, 1 GHz, 1000 GB/s for any number
// of SMs, each stream at 10 GB/s at most (10 KB a us).
Machine simple_machine();

// Both the value and its range.
void set(Number& number, double value);

// Only what closed forms have: no noise, no SM factors, a sharp knee.
Mechanisms plain();

// Options for `workers` workers and `schedulers` schedulers, plain().
SimulationOptions plain_options(PolicyKind policy, std::uint32_t workers,
                                std::uint32_t schedulers = 0);

// `layers` layers of `tasks` linear tasks that stream `bytes` each; a layer waits for the whole
// layer before.
std::shared_ptr<const TaskGraph> layers(std::uint32_t layers, std::uint32_t tasks,
                                        std::int64_t bytes, LaunchLabel label = LaunchLabel::kAot,
                                        std::int64_t flops = 0);

// The same of tasks that do `work`.
std::shared_ptr<const TaskGraph> layers(std::uint32_t layers, std::uint32_t tasks,
                                        const TaskClass& work,
                                        LaunchLabel label = LaunchLabel::kAot);

// The makespan in us. Fails the test, and gives 0, iff the simulation is refused.
double makespan_us(const std::shared_ptr<const TaskGraph>& graph, const Machine& machine,
                   const SimulationOptions& options);

}  // namespace mk::testing
