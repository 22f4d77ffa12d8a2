// Executes a launch plan in every order that its workers and schedulers can act in, and says what
// goes wrong in any of them. For small plans on one device: the judge of core/launch_check.h, which
// it shares nothing with but the policy's functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/launch_plan.h"

namespace mk::testing {

struct Execution {
  std::string fault{};     // of the first order that goes wrong; empty: none does
  std::size_t states = 0;  // visited
};

// None iff there are more states than `most`. Requires: indexes in range, one device, at most 16
// tasks.
std::optional<Execution> execute_in_every_order(const LaunchPlan& plan, std::uint32_t iterations,
                                                std::size_t most);

}  // namespace mk::testing
