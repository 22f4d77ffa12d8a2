// Small launch plans, sound ones and ones with something wrong.
#pragma once

#include <random>

#include "core/launch_plan.h"

namespace mk::testing {

// A sound plan of 3 to 7 tasks on 1 to 3 workers, under a random megakernel policy; hybrid's
// workers may block on the head of their AOT queue.
LaunchPlan random_launch(std::mt19937& random);

// Changes one thing: a trigger count, an edge, an order, a launch range, a label, a queue.
void mutate(LaunchPlan& plan, std::mt19937& random);

}  // namespace mk::testing
