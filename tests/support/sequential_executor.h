// Runs a program of run_on_threads on the calling thread, task by task in the graph's order: the
// executor that everything else is compared with.
#pragma once

#include <cstdint>

#include "core/iteration_state.h"
#include "core/task_graph.h"

namespace mk {

// Returns how many iterations there were.
template <typename Program>
std::uint32_t run_sequentially(const TaskGraph& graph, Program& program) {
  std::uint32_t iteration = 0;
  for (IterationState state; program.prepare(iteration, state); ++iteration) {
    for (std::uint32_t task = 0; task < graph.task_count(); ++task) {
      program.execute(0, task, iteration);
    }
  }
  return iteration;
}

}  // namespace mk
