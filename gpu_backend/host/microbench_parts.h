// The measurements behind microbench.h, one function a primitive. Each returns its repetitions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/policy.h"
#include "core/result.h"
#include "core/task_graph.h"

namespace mk::microbench {

using Samples = std::vector<double>;

double median(Samples samples);
// Half the distance between the 16th and the 84th percentile / median: the coefficient of variation
// of what is not an outlier.
double relative_spread(Samples samples);

// Memory (microbench_memory.cpp). Bandwidths in GB/s, latencies in us.
Samples clock_ghz(std::uint32_t repetitions);
Samples read_bandwidth(std::uint32_t cores, std::uint64_t bytes, std::uint32_t repetitions);
Samples load_latency(std::uint64_t bytes, std::uint32_t repetitions);

// Between cores, and the queues (microbench_threads.cpp). In us.
Samples add_own(std::uint32_t repetitions);
Samples hand_off(bool by_add, std::uint32_t repetitions);
Samples add_contended(std::uint32_t repetitions);
Samples poll_turn(std::uint32_t repetitions);
struct QueueSamples {
  Samples put{};
  Samples take{};
  Samples event_put{};
};
QueueSamples queues(std::uint32_t repetitions);

// Runs of the whole protocol (microbench_runs.cpp). In us.

// `operators` of `groups` x `group` empty tasks each; each `group` consumers share an event of
// `group` producers, as compiled models do.
std::shared_ptr<const TaskGraph> empty_tasks(std::uint32_t operators, std::uint32_t groups,
                                             std::uint32_t group);
// Of one operator's `tiles`, by a function that adds the tasks.
std::shared_ptr<const TaskGraph> graph_of_empty_tasks(
    std::uint32_t tiles, const std::function<void(TaskGraphBuilder&, OperatorId)>& add_tasks);
Result<Samples> empty_task(PolicyKind policy, Roles roles, std::uint32_t repetitions);
Result<Samples> iteration_boundary(PolicyKind policy, Roles roles);

}  // namespace mk::microbench
