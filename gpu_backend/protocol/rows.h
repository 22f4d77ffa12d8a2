// What the recorders of both backends write down (host/recorder.h, cuda/device_records.h).
#pragma once

#include <cstdint>

#include "gpu_backend/protocol/agent.h"

namespace mk {

struct TaskRow {
  protocol::Item task{};
  protocol::TaskStamps stamps{};
  bool activated = false;  // its notification activated its triggering event
};
struct EnqueueRow {
  protocol::Item task{};
  std::uint64_t enqueued = 0;
};
struct DispatchRow {
  protocol::Item event{};
  std::uint64_t dequeued = 0;
  std::uint64_t launched = 0;
};

struct IterationTicks {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

}  // namespace mk
