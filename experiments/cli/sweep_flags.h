// The axes of a sweep as flags, and as a file that --spec names.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/result.h"
#include "experiments/cli/flags.h"
#include "experiments/sweep/spec.h"

namespace mk::cli {

struct SweepFlags {
  std::array<std::string, kSweepAxes.size()> lists{};                 // by axis; "": not given
  std::array<std::vector<std::string>, kSweepAxes.size()> factors{};  // of repeatable flags
  std::string spec{};                                                 // a file
};

void declare_sweep_flags(Flags& parser, SweepFlags& flags);

// The points of the flags, or those of all sweeps in the file, each once. kUsage for flags that say
// nothing and for flags beside a file; InvalidInput names the file.
Result<SweepPoints> points_of(const SweepFlags& flags, Catalogue& catalogue);

}  // namespace mk::cli
