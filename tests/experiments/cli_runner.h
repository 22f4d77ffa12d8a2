// Runs `megascope ...` inside the test, and keeps what it printed.
#pragma once

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "experiments/cli/command_line.h"

namespace mk::testing {

struct CliRun {
  int status = 0;
  std::string out{};
  std::string err{};

  // Requires: --format json was among the arguments, and status == 0.
  nlohmann::ordered_json json() const { return nlohmann::ordered_json::parse(out); }
};

inline CliRun megascope(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  cli::Console console{out, err, false, "megascope (in a test)"};
  const int status = cli::run_command_line(arguments, console);
  return {status, out.str(), err.str()};
}

}  // namespace mk::testing
