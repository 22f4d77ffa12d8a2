#include "experiments/cli/help.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

namespace mk::cli {
namespace {

constexpr std::string_view kExitStatus =
    "exit status: 0 done, 1 the input, the disk or the device refused, 2 wrong usage\n";

// "-o, --output FILE", "    --seed N", "MODEL"
std::string left_column(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true, false);
  std::string text = option.get_snames().empty() ? "    " : "-" + option.get_snames()[0] + ", ";
  text += "--" + option.get_lnames()[0];
  if (option.get_expected_max() > 0 && !option.get_type_name().empty())
    text += " " + option.get_type_name();
  return text;
}

// Where defaults stand: behind all meanings but the few that are longer than this.
constexpr std::size_t kUsualMeaning = 50;

std::size_t default_column(const CLI::App& app) {
  std::size_t column = 0;
  for (const CLI::Option* option : app.get_options()) {
    const std::size_t size = option->get_description().size();
    if (!option->get_default_str().empty() && size <= kUsualMeaning)
      column = std::max(column, size);
  }
  return column;
}

std::vector<const CLI::Option*> options_of(const CLI::App& app, const std::string& group,
                                           bool positional) {
  return app.get_options([&](const CLI::Option* option) {
    return option->get_positional() == positional && (positional || option->get_group() == group);
  });
}

// Widths of the columns: what to write, what it means; then the default.
struct Columns {
  std::size_t left = 0;
  std::size_t right = 0;
};

void append_block(std::string& text, const std::string& heading,
                  const std::vector<const CLI::Option*>& options, const Columns& columns) {
  if (options.empty()) return;
  text += '\n';
  if (!heading.empty()) text += heading + ":\n";
  for (const CLI::Option* option : options) {
    text += fmt::format("  {:<{}}  ", left_column(*option), columns.left);
    const std::string& meaning = option->get_description();
    const std::string value = option->get_default_str();
    text += value.empty() ? meaning : fmt::format("{:<{}}  [{}]", meaning, columns.right, value);
    text += '\n';
  }
}

void append_examples(std::string& text, std::string_view examples) {
  std::string_view label = "example: ";
  while (!examples.empty()) {
    const std::size_t end = std::min(examples.find('\n'), examples.size());
    text += fmt::format("{:<9}{}\n", label, examples.substr(0, end));
    examples.remove_prefix(std::min(end + 1, examples.size()));
    label = "";
  }
}

}  // namespace

std::string usage_line(const Verb& verb) {
  return fmt::format("usage: megascope {}{}{}\n", verb.name, verb.arguments.empty() ? "" : " ",
                     verb.arguments);
}

std::string verb_help(const Verb& verb, const CLI::App& app) {
  std::string text = usage_line(verb) + '\n' + std::string(verb.description) + '\n';
  Columns columns{0, default_column(app)};
  for (const CLI::Option* option : app.get_options())
    columns.left = std::max(columns.left, left_column(*option).size());
  append_block(text, "", options_of(app, "", true), columns);
  for (const std::string& group : app.get_groups()) {
    append_block(text, group == "Options" ? "" : group, options_of(app, group, false), columns);
  }
  text += '\n';
  append_examples(text, verb.examples);
  return text + '\n' + std::string(kExitStatus);
}

std::string program_help() {
  std::string text =
      "usage: megascope VERB [arguments]\n\n"
      "Compiles a language model to a task graph, predicts how a megakernel runs it on any "
      "machine,\n"
      "runs it for real, and shows prediction and measurement of the same graph side by side.\n\n";
  std::size_t width = 0;
  for (const Verb* verb : verbs()) width = std::max(width, verb->name.size());
  for (const Verb* verb : verbs()) {
    text += fmt::format("  {:<{}}  {}\n", verb->name, width, verb->summary);
  }
  text +=
      "\n'megascope VERB --help' explains one verb. Results go to stdout (--format text, json or "
      "csv),\nprogress and messages to stderr. MODEL is a name of 'megascope models', a Hugging "
      "Face\nconfig.json or a folder that holds one; GRAPH a file that 'compile' wrote; TRACE a "
      ".db file;\nMACHINE a name of 'megascope machines' or a JSON file.\n\n"
      "  -h, --help     show this help\n"
      "      --version  show the version\n\n";
  append_examples(text,
                  "megascope compile smollm2-135m -o smol.mkg\n"
                  "megascope simulate smol.mkg --machine h100-sxm -o predicted.db\n");
  return text + '\n' + std::string(kExitStatus);
}

}  // namespace mk::cli
