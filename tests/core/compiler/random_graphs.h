// Random operator graphs for property tests: forks, joins, buffers written again, in-place writes,
// partitions that do not divide each other, dimensions shared out at run time.
#pragma once

#include <cstdint>

#include "core/compiler.h"

namespace mk::testing {

struct RandomCase {
  ComputationGraph graph{};
  CompileOptions options{};  // the grids, by `tasks_of`
};

RandomCase random_case(std::uint32_t seed);

}  // namespace mk::testing
