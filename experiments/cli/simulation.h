// A simulation as `simulate` and `sweep` ask for it: flags in, one prediction out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/machine.h"
#include "core/result.h"
#include "experiments/cli/answer.h"
#include "experiments/cli/flags.h"
#include "experiments/cli/iteration_plan.h"
#include "simulator/simulate.h"

namespace mk::cli {

struct SimulationFlags {
  std::string machine = "h100-sxm";
  std::uint64_t seed = 1;
  double expert_skew = 0;
  std::optional<Flag> skew_flag{};
  PlanFlags plan{};
  std::vector<std::string> mechanisms{};
  std::vector<std::string> injections{};
  std::string kernels{};
  std::string engine = std::string(name_of(EngineKind::kElided));
};

void declare_simulation_flags(Flags& parser, SimulationFlags& flags);

// Everything but policy and roles, for this graph. kUsage for flags that say nothing.
Result<SimulationOptions> simulation_options(const SimulationFlags& flags, const TaskGraph& graph);

// The split of the machine where no flag gives another.
Split default_split(const Machine& machine);

// One prediction, as `simulate --format json` prints it and `sweep` a row of it.
struct Prediction {
  std::string model{};
  std::string machine{};
  SimulationOptions options{};
  std::uint64_t generated = 0;  // tokens
  SimulationResult result{};
};
Json to_json(const Prediction& prediction);

}  // namespace mk::cli
