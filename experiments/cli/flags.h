// Flags: how a verb declares its arguments and flags. A thin door to CLI11, so that help texts and
// refusals read alike and only a few files pay for CLI11's templates.
//
// A declared variable must outlive the parse; its value before the parse is the default, which the
// help shows unless it is empty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mk::cli {

// One declared flag. Each setter returns the flag itself.
class Flag {
 public:
  explicit Flag(CLI::Option& option) : option_(&option) {}

  Flag& one_of(std::vector<std::string> words);  // refuses others, and says the list
  Flag& at_least(std::int64_t minimum);          // refuses smaller integers
  Flag& required();
  Flag& group(const std::string& heading);      // its block in the help
  Flag& default_text(const std::string& text);  // what the help shows as the default
  bool is_given() const;                        // after the parse
  std::string name() const;                     // "--batch-tokens"

 private:
  CLI::Option* option_;
};

class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(app) {}

  // Positional, in the order of declaration.
  Flag argument(const char* name, std::string& value, const std::string& help);
  Flag arguments(const char* name, std::vector<std::string>& values, const std::string& help);

  // "-o,--output" or "--seed", with one value; `type` is the word for it in the help.
  Flag value(const char* names, std::string& value, const char* type, const std::string& help);
  Flag value(const char* names, std::uint32_t& value, const char* type, const std::string& help);
  Flag value(const char* names, std::uint64_t& value, const char* type, const std::string& help);
  Flag value(const char* names, double& value, const char* type, const std::string& help);

  // May stand several times, one value each time.
  Flag repeated(const char* names, std::vector<std::string>& values, const char* type,
                const std::string& help);

  // Stands alone.
  Flag toggle(const char* names, bool& value, const std::string& help);

 private:
  CLI::App& app_;
};

}  // namespace mk::cli
