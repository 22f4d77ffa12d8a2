// Runs a program with the capture put into it, and makes a trace of what it did.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "traces/trace.h"

namespace mk::capture {

struct ProfileOptions {
  std::vector<std::string> command{};     // program and arguments; looked for in PATH
  std::string injection{};                // libmegascope_inject.so
  bool output_to_standard_error = false;  // of the program, so that standard output stays ours
};

struct Profile {
  Trace trace{};
  int exit_status = 0;        // the program's; 128 + N where signal N ended it, as shells say it
  std::string ended{};        // "exit status 0", "signal 11 (Segmentation fault)"
  std::size_t processes = 0;  // that were captured: those that called CUDA or NVTX
};

// NotFound or Io iff the program cannot be started, Unsupported iff the injection is not there. A
// program that crashes is no error: what was captured until then is in the trace. Requires: a
// command.
Result<Profile> profile_program(const ProfileOptions& options);

}  // namespace mk::capture
