// What devices send each other and add up. Plain loads and stores: a put's stores are ordered
// before its notification by whoever notifies (protocol/peers.h), as a body's always are.
#pragma once

#include "gpu_backend/cuda/block.h"
#include "gpu_backend/cuda/task_descriptor.h"

namespace mk::cuda {

template <class C>
MK_HD void run_put(C& c, const PutTask& task, const Step& step) {
  for (std::uint32_t k = 0; k < task.tensors; ++k) {
    for (std::uint32_t i = c.thread(); i < step.rows * task.width; i += c.threads()) {
      const std::uint64_t at = std::uint64_t{i / task.width} * task.stride + i % task.width;
      task.to[k][at] = task.from[k][at];
    }
  }
}

template <class C>
MK_HD void run_reduce(C& c, const ReduceTask& task, const Step& step) {
  for (std::uint32_t i = c.thread(); i < step.rows * task.width; i += c.threads()) {
    const std::uint32_t row = i / task.width;
    const std::uint32_t column = i % task.width;
    const std::uint64_t at = std::uint64_t{row} * task.part_stride + column;
    float sum = task.parts[0][at];
    for (std::uint32_t d = 1; d < task.devices; ++d) sum += task.parts[d][at];
    task.y[std::uint64_t{row} * task.y_stride + column] = sum;
  }
}

}  // namespace mk::cuda
