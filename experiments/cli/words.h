// Words of the command line: lists, NAME=VALUE, numbers. Errors are kUsage and name the flag.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace mk::cli {

struct Assignment {
  std::string name{};
  std::string value{};
};

// "NAME=VALUE"; refused iff there is no '=' or no name.
Result<Assignment> parse_assignment(std::string_view flag, std::string_view text);

// Refused iff the whole text is not one finite number, or not a whole one.
Result<double> parse_number(std::string_view flag, std::string_view text);
Result<std::uint32_t> parse_count(std::string_view flag, std::string_view text);

// "1,2,3"; refused iff a word is no whole number.
Result<std::vector<std::uint32_t>> parse_counts(std::string_view flag, std::string_view text);

// "aot,jit,static" -> its words; empty words are kept.
std::vector<std::string> split_list(std::string_view text, char separator = ',');

// "a, b, c"
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

// "1 worker", "2 workers"
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace mk::cli
