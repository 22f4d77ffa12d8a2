// The verbs, each defined in its file verb_NAME.cpp; verbs.cpp puts them in order.
#pragma once

#include "experiments/cli/verb.h"

namespace mk::cli {

extern const Verb models_verb;
extern const Verb machines_verb;
extern const Verb weights_verb;
extern const Verb compile_verb;
extern const Verb check_verb;
extern const Verb simulate_verb;
extern const Verb run_verb;
extern const Verb microbench_verb;
extern const Verb calibrate_verb;
extern const Verb compare_verb;
extern const Verb explain_verb;
extern const Verb analyze_verb;
extern const Verb sweep_verb;
extern const Verb reproduce_verb;
extern const Verb profile_verb;
extern const Verb import_verb;
extern const Verb export_verb;
extern const Verb view_verb;

}  // namespace mk::cli
