// From a TaskGraph to what the device runs: one TaskDescriptor a task, and whether the bodies can
// run the graph at all. No CUDA here: tests run the same descriptors on CPU fibers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/result.h"
#include "core/task_graph.h"
#include "gpu_backend/cuda/task_descriptor.h"

namespace mk::cuda {

// Where the tensors lie in the memory of who runs the descriptors, by TensorId. Weights and KV
// caches are bf16, activations float, token ids int32 (as in ModelMemory); all aligned to 64 bytes.
struct TensorAddresses {
  std::vector<std::byte*> of_tensor{};
  const float* rope = nullptr;  // [max_context, head_dim], see rope_table()
};

// What a block must have for every task of the graph.
struct BlockNeeds {
  std::uint32_t warps = 0;  // compute warps
  std::uint64_t work_bytes = 0;
};

// kUnsupported, naming the operator, iff the bodies cannot run the graph: attention of several
// requests in a task, more than kMaxDevices devices, more than kMaxTokens batch tokens, widths that
// are no multiple of 8, heads that are no power of two, inputs that do not fit into the work area.
Status check_supported(const TaskGraph& graph, const BlockNeeds& block);

// One a task; with a device, those of other devices' tasks are empty. Addresses are as that device
// reaches the tensors, its peers' exchange tensors included.
// Requires: check_supported(). kUnsupported, naming the task, iff a tile begins where vector loads
// cannot.
Result<std::vector<TaskDescriptor>> make_descriptors(const TaskGraph& graph,
                                                     const TensorAddresses& addresses,
                                                     std::optional<std::uint8_t> device = {});

}  // namespace mk::cuda
