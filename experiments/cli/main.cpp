#include <unistd.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "experiments/cli/command_line.h"

namespace {

// Words that a shell would take apart stand in quotes.
std::string typed(const std::vector<std::string>& words) {
  std::string line = "megascope";
  for (const std::string& word : words) {
    const bool quote =
        word.empty() || word.find_first_of(" \t\n\"'$&|;<>*?()") != std::string::npos;
    line += ' ';
    if (!quote) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  mk::cli::Console console{std::cout, std::cerr, isatty(STDERR_FILENO) == 1, typed(arguments)};
  // The one catch: our code throws nothing, a library may.
  try {
    return mk::cli::run_command_line(arguments, console);
  } catch (const std::exception& error) {
    std::cerr << "megascope: " << error.what() << '\n';
    return mk::cli::kRefused;
  }
}
