// Recorder: what the threads of a run write down while it goes on.
//
// Each thread has its own bounded buffers, made and touched before the run; a full one drops and
// counts. A worker takes at most four time stamps a task. With record off (`Recorder<false>`)
// nothing of it is left but the two instants of an iteration, written by whoever begins and ends
// it: the protocol orders those accesses.
#pragma once

#include <cstdint>
#include <vector>

#include "core/record.h"
#include "gpu_backend/host/ticks.h"
#include "gpu_backend/protocol/agent.h"
#include "gpu_backend/protocol/rows.h"

namespace mk {

template <typename Row>
class BoundedBuffer {
 public:
  void reserve(std::size_t capacity) {
    rows_.assign(capacity, Row{});  // touches every page
    size_ = 0;
  }
  void add(const Row& row) {
    if (size_ < rows_.size()) {
      rows_[size_++] = row;
    } else {
      ++dropped_;
    }
  }
  std::span<const Row> rows() const { return {rows_.data(), size_}; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  std::vector<Row> rows_{};
  std::size_t size_ = 0;
  std::uint64_t dropped_ = 0;
};

// Of one thread.
struct alignas(128) LaneBuffers {
  BoundedBuffer<TaskRow> tasks{};
  BoundedBuffer<EnqueueRow> enqueued{};
  BoundedBuffer<DispatchRow> dispatched{};
};

template <bool kRecords>
class Recorder {
 public:
  Recorder(LaneBuffers& lane, std::vector<IterationTicks>& iterations)
      : lane_(lane), iterations_(iterations) {}

  static std::uint64_t now() {
    if constexpr (kRecords) return ticks_now();
    return 0;
  }
  // A stamp waits until the counter has come from another core. Without one the worker goes on with
  // its next task meanwhile, so only the arrivals that others wait for are worth it: all of them
  // would cost 4 % of the time of tasks of 2 us.
  static std::uint64_t arrived(bool may_activate) { return may_activate ? now() : 0; }
  void task_done(protocol::Item task, const protocol::TaskStamps& stamps, bool activated) {
    if constexpr (kRecords) lane_.tasks.add({task, stamps, activated});
  }
  void task_enqueued(protocol::Item task) {
    if constexpr (kRecords) lane_.enqueued.add({task, ticks_now()});
  }
  void event_dispatched(protocol::Item event, std::uint64_t dequeued) {
    if constexpr (kRecords) lane_.dispatched.add({event, dequeued, ticks_now()});
  }
  void iteration_begins(std::uint32_t iteration) {
    iterations_.resize(iteration + 1);
    iterations_[iteration].start = ticks_now();
  }
  void iteration_ends(std::uint32_t iteration) { iterations_[iteration].end = ticks_now(); }

 private:
  LaneBuffers& lane_;
  std::vector<IterationTicks>& iterations_;
};

}  // namespace mk
