#include "experiments/cli/policy_flags.h"

#include <fmt/format.h>

#include "experiments/cli/words.h"

namespace mk::cli {

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const PolicyFacts& policy : kPolicies) names.emplace_back(policy.name);
  return names;
}

std::vector<std::string> megakernel_policy_names() {
  std::vector<std::string> names;
  for (const PolicyFacts& policy : kPolicies) {
    if (policy.family == PolicyFamily::kMegakernel) names.emplace_back(policy.name);
  }
  return names;
}

std::vector<std::string> placement_names() {
  std::vector<std::string> names;
  for (const Placement placement :
       {Placement::kRoundRobin, Placement::kSwizzle, Placement::kLongestFirst,
        Placement::kEarliestFinish, Placement::kLocality}) {
    names.emplace_back(name_of(placement));
  }
  return names;
}

void declare_policy_flags(Flags& parser, PolicyFlags& flags, const std::string& default_split) {
  parser.value("--policy", flags.policy, "P", join(policy_names())).one_of(policy_names());
  std::vector<std::string> placements = placement_names();
  placements[0] += " (default)";
  parser.value("--placement", flags.placement, "NAME", join(placements))
      .one_of(placement_names())
      .default_text("");
  flags.workers_flag =
      parser.value("--workers", flags.workers, "N", "workers").default_text(default_split);
  flags.schedulers_flag =
      parser.value("--schedulers", flags.schedulers, "N", "scheduler warps (host: threads)")
          .default_text(default_split);
}

Policy policy_of(const PolicyFlags& flags) {
  Policy policy;
  policy.kind = policy_from_name(flags.policy).value();
  policy.placement = placement_from_name(flags.placement).value();
  return policy;
}

Split split_of(const PolicyFlags& flags, const Split& defaults) {
  const bool without_schedulers = flags.policy == facts(PolicyKind::kStatic).name;
  Split split = defaults;
  if (without_schedulers) split.schedulers = 0;
  if (flags.workers_flag->is_given()) split.workers = flags.workers;
  if (flags.schedulers_flag->is_given()) split.schedulers = flags.schedulers;
  return split;
}

}  // namespace mk::cli
