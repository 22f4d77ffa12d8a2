// Help texts in one layout for all verbs: usage, what it does, arguments, flags with their defaults
// in one aligned block, examples, exit status. Golden files hold them (tests/golden/help).
#pragma once

#include <string>

#include "experiments/cli/verb.h"

namespace mk::cli {

std::string program_help();

// `app` as `verb.declare` has left it.
std::string verb_help(const Verb& verb, const CLI::App& app);

// "usage: megascope compile MODEL [options]\n"
std::string usage_line(const Verb& verb);

}  // namespace mk::cli
