// Small pieces from which verbs declare their flags on a CLI11 parser, so that help texts and
// refusals read alike.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace mk::cli {

// Refuses a word that is not in the list, and says the list.
CLI::Validator one_of(std::vector<std::string> words);

// Refuses integers below `minimum`.
CLI::Validator at_least(std::int64_t minimum);

// "-o,--output FILE" and the like: a flag with one value. The default is shown where it is not
// empty.
template <typename T>
CLI::Option* add_value(CLI::App& app, const std::string& names, T& value, const char* type,
                       const std::string& help) {
  return app.add_option(names, value, help)->type_name(type)->capture_default_str();
}

// A flag that may stand several times, one value each time.
CLI::Option* add_repeated(CLI::App& app, const std::string& names, std::vector<std::string>& values,
                          const char* type, const std::string& help);

// "NAME=VALUE". kUsage, naming the flag, iff there is no '=' or no name.
struct Assignment {
  std::string name{};
  std::string value{};
};
Result<Assignment> parse_assignment(std::string_view flag, std::string_view text);

// kUsage, naming the flag, iff the text is no number of that kind.
Result<double> parse_number(std::string_view flag, std::string_view text);
Result<std::uint32_t> parse_count(std::string_view flag, std::string_view text);

// "aot,jit,static" -> its words; empty words are kept.
std::vector<std::string> split_list(std::string_view text, char separator = ',');

// "a, b, c"
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

}  // namespace mk::cli
