#include "experiments/cli/flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <utility>

#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

template <typename T>
Flag add_value(CLI::App& app, const char* names, T& value, const char* type,
               const std::string& help) {
  return Flag(*app.add_option(names, value, help)->type_name(type)->capture_default_str());
}

}  // namespace

Flag& Flag::one_of(std::vector<std::string> words) {
  const auto check = [words = std::move(words)](std::string& word) {
    if (std::find(words.begin(), words.end(), word) != words.end()) return std::string();
    return fmt::format("'{}' is none of {}", word, join(words));
  };
  option_->check(CLI::Validator(check, ""));
  return *this;
}

Flag& Flag::at_least(std::int64_t minimum) {
  const auto check = [minimum](std::string& text) {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && stop == end && value >= minimum) return std::string();
    return fmt::format("'{}' is no whole number of at least {}", text, minimum);
  };
  option_->check(CLI::Validator(check, ""));
  return *this;
}

Flag& Flag::required() {
  option_->required();
  return *this;
}

Flag& Flag::group(const std::string& heading) {
  option_->group(heading);
  return *this;
}

Flag& Flag::default_text(const std::string& text) {
  option_->default_str(text);
  return *this;
}

bool Flag::is_given() const { return option_->count() > 0; }

std::string Flag::name() const { return option_->get_name(); }

Flag Flags::argument(const char* name, std::string& value, const std::string& help) {
  return Flag(*app_.add_option(name, value, help));
}

Flag Flags::arguments(const char* name, std::vector<std::string>& values, const std::string& help) {
  return Flag(*app_.add_option(name, values, help));
}

Flag Flags::value(const char* names, std::string& value, const char* type,
                  const std::string& help) {
  return add_value(app_, names, value, type, help);
}

Flag Flags::value(const char* names, std::uint32_t& value, const char* type,
                  const std::string& help) {
  return add_value(app_, names, value, type, help);
}

Flag Flags::value(const char* names, std::uint64_t& value, const char* type,
                  const std::string& help) {
  return add_value(app_, names, value, type, help);
}

Flag Flags::value(const char* names, double& value, const char* type, const std::string& help) {
  return add_value(app_, names, value, type, help);
}

Flag Flags::repeated(const char* names, std::vector<std::string>& values, const char* type,
                     const std::string& help) {
  return Flag(*app_.add_option(names, values, help + ", repeatable")
                   ->type_name(type)
                   ->type_size(1)
                   ->expected(1)
                   ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
}

Flag Flags::toggle(const char* names, bool& value, const std::string& help) {
  return Flag(*app_.add_flag(names, value, help));
}

}  // namespace mk::cli
