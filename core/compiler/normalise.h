// Pass "normalise" (MPK paper, figure 6): one dependent and one triggering event a task. Where
// tasks wait for a set of events, or notify one, an event of their own takes its place, joined to
// the set by empty tasks, one an event of the set. Tasks with the same set share them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/compiler/events.h"

namespace mk::compiler {

struct EmptyTask {
  std::uint32_t made_for = 0;  // task
  std::uint32_t waits_for = 0;
  std::uint32_t notifies = 0;
};

// Afterwards plan.sets is empty and every code is an event or kNoIndex; plan.events has grown by
// one a set. Returns the empty tasks.
std::vector<EmptyTask> normalise(EventPlan& plan);

}  // namespace mk::compiler
