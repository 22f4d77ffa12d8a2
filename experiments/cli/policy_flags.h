// The flags of everything that runs a graph: policy, placement, and how the SMs (cores) are split.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/machine.h"
#include "core/policy.h"
#include "core/result.h"
#include "experiments/cli/flags.h"

namespace mk::cli {

struct PolicyFlags {
  std::string policy = "hybrid";
  std::string placement = std::string(name_of(Placement::kRoundRobin));
  std::uint32_t workers = 0;
  std::uint32_t schedulers = 0;
  std::optional<Flag> workers_flag{};
  std::optional<Flag> schedulers_flag{};
};

// The names of all policies, and of those of one family.
std::vector<std::string> policy_names();
std::vector<std::string> megakernel_policy_names();
std::vector<std::string> placement_names();

// `default_split` is what the help says where --workers or --schedulers is not given.
void declare_policy_flags(Flags& parser, PolicyFlags& flags, const std::string& default_split);

// Requires: the flags were parsed, so that the names are known ones.
Policy policy_of(const PolicyFlags& flags);

// The split that was asked for; what is not given comes from `defaults`. Schedulers default to 0
// under `static`, which has none.
Split split_of(const PolicyFlags& flags, const Split& defaults);

}  // namespace mk::cli
