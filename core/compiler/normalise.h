// Pass "normalise" (MPK paper, figure 6): one dependent and one triggering event a task. Where
// tasks wait for a set of events, or notify one, a single event takes its place, joined to the set
// by empty tasks, one an event of the set. Tasks with the same set share them.
//
// The single event is one of the set where that serves no other tasks and is on the tasks' device:
// an all-reduce then costs one empty task a tile, not two, and its remote arrivals take no detour.
// Otherwise it is a new event.
#pragma once

#include <cstdint>
#include <vector>

#include "core/compiler/events.h"

namespace mk::compiler {

struct EmptyTask {
  std::uint32_t made_for = 0;  // task, on the device of the event that the empty task waits for
  std::uint32_t waits_for = 0;
  std::uint32_t notifies = 0;
};

// Afterwards plan.sets is empty and every code is an event or kNoIndex; plan.events has grown by
// at most one a set. Returns the empty tasks. `device_of`: of each task.
std::vector<EmptyTask> normalise(EventPlan& plan, const std::vector<std::uint8_t>& device_of);

}  // namespace mk::compiler
