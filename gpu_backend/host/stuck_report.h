// What a person gets to read when a run was aborted:
//
//   nothing moved for 30 s in iteration 3
//   worker 0: waits with task 17 (L0.o_proj[1]) for event 4: 7 of 8 notifications
//   worker 1: idle, its queues are empty
//   scheduler 0: idle, its queue is empty
//   event 4 should have come: 7 of 8 notifications; it is notified by 12 (L0.attention[0]), ...
#pragma once

#include <cstdint>
#include <string>

#include "core/task_graph.h"
#include "gpu_backend/host/host_memory.h"
#include "gpu_backend/protocol/launch.h"

namespace mk {

// Requires: the run's threads have ended.
std::string stuck_report(const TaskGraph& graph, const protocol::Launch<HostMemory>& launch,
                         std::uint8_t device = 0);

std::string overflow_report(const char* queue, std::uint32_t index,
                            const protocol::Launch<HostMemory>& launch);

}  // namespace mk
