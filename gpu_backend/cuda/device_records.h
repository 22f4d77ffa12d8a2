// What the lanes of a megakernel write down: the rows of protocol/rows.h, in bounded buffers of
// device memory, by the lane's one thread. Compiled out but for the iterations' two instants where
// kRecords is false.
#pragma once

#include <cstdint>

#include "gpu_backend/cuda/device_memory.h"
#include "gpu_backend/protocol/agent.h"
#include "gpu_backend/protocol/rows.h"

namespace mk::cuda {

// The iterations whose tasks are recorded: [first, end).
struct CaptureWindow {
  std::uint32_t first = 0;
  std::uint32_t end = 0xffffffffU;

  MK_HD bool contains(std::uint32_t iteration) const {
    return iteration >= first && iteration < end;
  }
};

template <class Row>
struct DeviceRows {
  Row* rows = nullptr;
  std::uint32_t capacity = 0;
  std::uint32_t size = 0;
  std::uint32_t dropped = 0;

  MK_HD void add(const Row& row) {
    if (size < capacity) {
      rows[size++] = row;
    } else {
      ++dropped;
    }
  }
};

// Of one lane; copied into the lane's registers when it starts and back when it ends.
struct DeviceLaneRows {
  DeviceRows<TaskRow> tasks{};
  DeviceRows<EnqueueRow> enqueued{};
  DeviceRows<DispatchRow> dispatched{};
};

template <bool kRecords>
class DeviceProbe {
 public:
  MK_HD DeviceProbe(DeviceLaneRows* lane, IterationTicks* iterations, CaptureWindow window)
      : lane_(lane), iterations_(iterations), window_(window) {
    if constexpr (kRecords) rows_ = *lane;
  }

  MK_HD static std::uint64_t now() {
    if constexpr (kRecords) return DeviceMemory::clock_ns();
    return 0;
  }
  MK_HD static std::uint64_t arrived(bool /*may_activate*/) { return now(); }
  MK_HD void task_done(protocol::Item task, const protocol::TaskStamps& stamps, bool activated) {
    if constexpr (kRecords) {
      if (window_.contains(task.iteration)) rows_.tasks.add({task, stamps, activated});
    }
  }
  MK_HD void task_enqueued(protocol::Item task) {
    if constexpr (kRecords) {
      if (window_.contains(task.iteration)) rows_.enqueued.add({task, now()});
    }
  }
  MK_HD void event_dispatched(protocol::Item event, std::uint64_t dequeued) {
    if constexpr (kRecords) {
      if (window_.contains(event.iteration)) rows_.dispatched.add({event, dequeued, now()});
    }
  }
  MK_HD void iteration_begins(std::uint32_t iteration) {
    iterations_[iteration].start = DeviceMemory::clock_ns();
  }
  MK_HD void iteration_ends(std::uint32_t iteration) {
    iterations_[iteration].end = DeviceMemory::clock_ns();
  }

  MK_HD void flush() {
    if constexpr (kRecords) *lane_ = rows_;
  }

 private:
  DeviceLaneRows* lane_;
  IterationTicks* iterations_;
  CaptureWindow window_;
  DeviceLaneRows rows_{};
};

// One task of a kernel-per-operator run: its block's instants, and the SM that it ran on.
struct OperatorTaskRow {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint32_t sm = 0;
};

}  // namespace mk::cuda
