#include "experiments/cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "experiments/cli/flags.h"
#include "experiments/cli/help.h"
#include "experiments/cli/verb.h"
#include "experiments/cli/version.h"

namespace mk::cli {
namespace {

int refuse_usage(Console& console, const Verb& verb, std::string_view message) {
  console.err << fmt::format("megascope {}: {}\n{}See 'megascope {} --help'.\n", verb.name, message,
                             usage_line(verb), verb.name);
  return kWrongUsage;
}

// Parses, or returns the exit status with which the program ends instead.
std::optional<int> parse(const Verb& verb, CLI::App& app, std::vector<std::string> arguments,
                         Console& console) {
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    console.out << verb_help(verb, app);
    return kDone;
  } catch (const CLI::ParseError& error) {
    return refuse_usage(console, verb, error.what());
  }
  return std::nullopt;
}

int run_verb(const Verb& verb, const std::vector<std::string>& arguments, Console& console) {
  CLI::App app{std::string(verb.description), std::string(verb.name)};
  app.set_help_flag();
  Flags flags(app);
  const Action action = verb.declare(flags);
  std::string format = "text";
  flags.value("--format", format, "FORMAT", "result on stdout: text, json or csv")
      .one_of({"text", "json", "csv"});
  app.set_help_flag("-h,--help", "show this help");
  if (const std::optional<int> status = parse(verb, app, arguments, console)) return *status;

  const Result<Answer> answer = action(console);
  if (!answer) {
    if (answer.error().code == ErrorCode::kUsage)
      return refuse_usage(console, verb, answer.error().message);
    console.err << fmt::format("megascope {}: {}\n", verb.name, answer.error().message);
    return kRefused;
  }
  if (answer->is_silent) return kDone;
  console.out << render(*answer, *format_from_name(format)) << std::flush;
  if (!answer->failure.empty()) {
    console.err << fmt::format("megascope {}: {}\n", verb.name, answer->failure);
    return kRefused;
  }
  if (console.out) return answer->exit_status;
  console.err << fmt::format("megascope {}: standard output refused the result\n", verb.name);
  return kRefused;
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments, Console& console) {
  if (arguments.empty()) {
    console.err << program_help();
    return kWrongUsage;
  }
  const std::string& first = arguments.front();
  if (first == "-h" || first == "--help" || first == "help") {
    console.out << program_help();
    return kDone;
  }
  if (first == "--version") {
    console.out << fmt::format("megascope {}\n", version());
    return kDone;
  }
  const Verb* verb = find_verb(first);
  if (verb == nullptr) {
    console.err << fmt::format(
        "megascope: there is no verb '{}'\nusage: megascope VERB [arguments]\n"
        "See 'megascope --help'.\n",
        first);
    return kWrongUsage;
  }
  return run_verb(*verb, {arguments.begin() + 1, arguments.end()}, console);
}

}  // namespace mk::cli
