#include "core/compiler/normalise.h"

namespace mk::compiler {
namespace {

bool is_set(std::uint32_t code) { return code != kNoIndex && (code & kEventSet) != 0; }

// Replaces sets by events. `join(event of its own, event of the set)` makes the empty task between.
template <typename Join>
void replace_sets(EventPlan& plan, std::vector<std::uint32_t>& codes, std::vector<EmptyTask>& empty,
                  Join join) {
  std::vector<std::uint32_t> own(plan.sets.size(), kNoIndex);
  for (std::uint32_t task = 0; task < codes.size(); ++task) {
    if (!is_set(codes[task])) continue;
    const std::uint32_t set = codes[task] & ~kEventSet;
    if (own[set] == kNoIndex) {
      own[set] = plan.events++;
      for (const std::uint32_t event : plan.sets[set]) empty.push_back(join(task, own[set], event));
    }
    codes[task] = own[set];
  }
}

}  // namespace

std::vector<EmptyTask> normalise(EventPlan& plan) {
  std::vector<EmptyTask> empty;
  replace_sets(plan, plan.waits_for, empty,
               [](std::uint32_t task, std::uint32_t own, std::uint32_t event) {
                 return EmptyTask{task, event, own};
               });
  replace_sets(plan, plan.notifies, empty,
               [](std::uint32_t task, std::uint32_t own, std::uint32_t event) {
                 return EmptyTask{task, own, event};
               });
  plan.sets.clear();
  return empty;
}

}  // namespace mk::compiler
