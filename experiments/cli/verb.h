// Verb: one subcommand of `megascope`. Each has a file verb_NAME.cpp of its own; verbs.cpp holds
// the table.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "core/result.h"
#include "experiments/cli/answer.h"
#include "experiments/cli/console.h"
#include "experiments/cli/flags.h"

namespace mk::cli {

// What a verb does once its flags are read. kUsage errors end with exit status 2, others with 1.
using Action = std::function<Result<Answer>(Console&)>;

struct Verb {
  std::string_view name{};
  std::string_view summary{};    // one line in `megascope --help`
  std::string_view arguments{};  // of the usage line: "MODEL [options]"
  std::string_view description{};
  std::string_view examples{};  // lines, each without "example:"
  // Declares flags and arguments; the Action reads what they were set to.
  Action (*declare)(Flags& flags) = nullptr;
};

// All verbs that this build has, in the order of the help.
std::span<const Verb* const> verbs();

const Verb* find_verb(std::string_view name);

}  // namespace mk::cli
