#include "experiments/cli/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace mk::cli {
namespace {

template <typename T>
bool parse_whole(std::string_view text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

Result<Assignment> parse_assignment(std::string_view flag, std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return fail(ErrorCode::kUsage, fmt::format("{}: '{}' is not NAME=VALUE", flag, text));
  return Assignment{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Result<double> parse_number(std::string_view flag, std::string_view text) {
  double value = 0;
  if (!parse_whole(text, value) || !std::isfinite(value))
    return fail(ErrorCode::kUsage, fmt::format("{}: '{}' is no number", flag, text));
  return value;
}

Result<std::uint32_t> parse_count(std::string_view flag, std::string_view text) {
  std::uint32_t value = 0;
  if (!parse_whole(text, value))
    return fail(ErrorCode::kUsage, fmt::format("{}: '{}' is no whole number", flag, text));
  return value;
}

Result<std::vector<std::uint32_t>> parse_counts(std::string_view flag, std::string_view text) {
  std::vector<std::uint32_t> counts;
  for (const std::string& word : split_list(text)) {
    const Result<std::uint32_t> count = parse_count(flag, word);
    if (!count) return tl::unexpected(count.error());
    counts.push_back(*count);
  }
  return counts;
}

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace mk::cli
