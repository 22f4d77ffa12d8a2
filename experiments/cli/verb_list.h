// The verbs, each defined in its file verb_NAME.cpp; verbs.cpp puts them in order.
#pragma once

#include "experiments/cli/verb.h"

namespace mk::cli {

extern const Verb models_verb;
extern const Verb machines_verb;
extern const Verb weights_verb;
extern const Verb compile_verb;
extern const Verb simulate_verb;

}  // namespace mk::cli
