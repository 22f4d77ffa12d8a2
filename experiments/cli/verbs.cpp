#include "experiments/cli/verb.h"
#include "experiments/cli/verb_list.h"

namespace mk::cli {
namespace {

constexpr const Verb* kVerbs[] = {
    &models_verb, &machines_verb,   &weights_verb,   &compile_verb, &check_verb,   &simulate_verb,
    &run_verb,    &microbench_verb, &calibrate_verb, &compare_verb, &explain_verb, &analyze_verb,
    &sweep_verb,  &reproduce_verb,  &profile_verb,   &import_verb,  &export_verb,  &view_verb,
};

}  // namespace

std::span<const Verb* const> verbs() { return kVerbs; }

const Verb* find_verb(std::string_view name) {
  for (const Verb* verb : verbs()) {
    if (verb->name == name) return verb;
  }
  return nullptr;
}

}  // namespace mk::cli
