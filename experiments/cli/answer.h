// Answer: what a verb has to say, in the three forms that --format knows.
//
//   json  `json`, indented by two
//   text  `text`; it says the same for people, with units
//   csv   `rows`, an array of flat objects: a header line, then one line an object. Where a verb
//         leaves it null, `json` itself: each element of an array, or one line for an object,
//         without its nested members.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace mk::cli {

using Json = nlohmann::ordered_json;

struct Answer {
  Json json{};
  std::string text{};
  Json rows{};
  int exit_status = 0;     // the program's, once the answer is out; 1: it says what is wrong
  bool is_silent = false;  // another rank of the job says it
  std::string failure{};   // what of it could not be done: said on stderr after the result, exit 1
};

enum class Format { kText, kJson, kCsv };
std::optional<Format> format_from_name(std::string_view name);

// The whole output, newline at the end.
std::string render(const Answer& answer, Format format);

}  // namespace mk::cli
