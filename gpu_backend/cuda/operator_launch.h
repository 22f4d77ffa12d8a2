// OperatorLaunch: kernel-per-operator launches of one device: the descriptors sorted by operator,
// the kernels, the step between iterations, and what they left. How they are put into a stream or
// graph, and what stands between them, is whose business it is (run_operators.cpp,
// run_peer_operators.cpp).
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.h"
#include "gpu_backend/cuda/decode_tables.h"
#include "gpu_backend/cuda/device_record.h"
#include "gpu_backend/cuda/device_run.h"
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/peer_exchange.h"
#include "gpu_backend/cuda/run_tables.h"

namespace mk::cuda {

class OperatorLaunch {
 public:
  // All three outlive it.
  OperatorLaunch(DeviceModel& model, const DeviceRunOptions& options, const DecodeTables& decode);

  Status prepare();

  // The device's operators that have kernels, in program order: all but puts and reduces.
  std::uint32_t size() const { return static_cast<std::uint32_t>(launches_.size()); }
  std::uint32_t operator_of(std::uint32_t k) const { return launches_[k].op; }
  Status launch(std::uint32_t k, cudaStream_t stream);
  // The step between two iterations; with `begins`, what stands before the first one.
  Status launch_advance(cudaStream_t stream, bool begins);

  Status read_back() { return tables_.read_back(); }
  DecodeResult decoded() const { return decode_.read(state_, tables_.base(), tables_.left()); }
  // A block of an operator's kernel is a task on the lane of its SM. Iterations and instants on the
  // clock's axis. Once.
  DeviceRunRows take_rows(const DeviceClock& clock = {});
  const DeviceModel& model() const { return model_; }

 private:
  // Where the descriptors of one launch begin, and how many there are.
  struct OneLaunch {
    std::uint32_t op = 0;
    std::uint32_t first = 0;
    std::uint32_t tasks = 0;
  };

  std::uint32_t iterations_recorded() const;
  bool has_kernel(TaskKind kind) const;
  void group_tasks();
  void place(DeviceImage& image);
  Status copy_descriptors();
  Status launch_kernel(cudaStream_t stream, const void* kernel, std::uint32_t blocks,
                       std::uint32_t threads, std::size_t shared_bytes, void* arguments);

  DeviceModel& model_;
  const DeviceRunOptions& options_;
  PolicyKind kind_;
  const DecodeTables& decode_;
  const TaskGraph& graph_;
  std::vector<OneLaunch> launches_{};
  std::vector<std::uint32_t> order_{};  // tasks, by operator
  RunTables tables_{};
  DecodeState state_{};
  std::uint32_t* iteration_ = nullptr;
  IterationTicks* ticks_ = nullptr;
  OperatorTaskRow* task_rows_ = nullptr;
  TaskDescriptor* descriptors_ = nullptr;
  std::size_t shared_bytes_ = 0;
};

}  // namespace mk::cuda
