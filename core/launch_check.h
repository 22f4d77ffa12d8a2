// Proves of a launch that it comes to its end, or says what keeps it from that.
//
// What is proved of a plan without a problem, for every order in which its workers and schedulers
// may act: each iteration runs every task once, after all that notify its dependent event; `end` is
// activated last; no queue overflows. It rests on these facts, each of which is checked:
//   (1) each event gets as many notifications an iteration as it counts, one at least, and each
//   task is either in
//       one list of a worker of its device, or in the range that its dependent event launches;
//   (2) there is no cycle among these orders: a task comes after all that notify its dependent
//       event; in a worker's list, after the task before it; and, where workers block on the head
//       of their AOT queue without a look at the JIT queue (`blocking_fifo`), a JIT task after all
//       tasks of every list that may stand before a worker which may get it;
//   (3) queues hold what one iteration can bring.
// Then the first unfinished task in an order that agrees with (2) can always run. A cycle without
// the last kind of step is a certain deadlock; with it, one that some order of events leads to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/launch_plan.h"

namespace mk {

enum class LaunchFault : std::uint8_t {
  kShape,       // columns of different lengths, indexes out of range, no worker
  kTrigger,     // an event counts other than what notifies it, or launches nothing
  kPlacement,   // a task that nobody launches, or more than one, or on the wrong device
  kCycle,       // tasks wait for each other
  kTaskQueue,   // a worker's queue may overflow
  kEventQueue,  // a scheduler's queue may overflow
};
std::string_view name_of(LaunchFault fault);

// Why a task of a cycle comes after the next one in it.
enum class WaitReason : std::uint8_t {
  kEvent,        // which the next one notifies
  kListOrder,    // the next one stands before it in its worker's list
  kBlockedHead,  // launched JIT to a worker that may be blocked on the next one
};

struct CycleStep {
  std::uint32_t task = 0;
  WaitReason reason = WaitReason::kEvent;
  friend bool operator==(const CycleStep&, const CycleStep&) = default;
};

struct LaunchProblem {
  LaunchFault fault = LaunchFault::kShape;
  std::string message{};           // tasks and events by number
  std::vector<CycleStep> cycle{};  // kCycle: the last waits for the first
};

// Empty iff the launch is safe. At most one problem of each kind, the first found.
std::vector<LaunchProblem> check_launch(const LaunchPlan& plan);

}  // namespace mk
