// The whole program behind main(): arguments in, exit status out.
#pragma once

#include <string>
#include <vector>

#include "experiments/cli/console.h"

namespace mk::cli {

inline constexpr int kDone = 0;
inline constexpr int kRefused = 1;  // the input, the disk or the device refused
inline constexpr int kWrongUsage = 2;

// `arguments` without the program's name.
int run_command_line(const std::vector<std::string>& arguments, Console& console);

}  // namespace mk::cli
