// Where a verb writes: results to `out`, progress and messages to `err`. Tests hand in string
// streams; nothing in the command line writes anywhere else.
#pragma once

#include <iosfwd>
#include <string>

namespace mk::cli {

struct Console {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;  // progress bars there, plain lines elsewhere
  std::string command_line{};    // as the person typed it: measured traces keep it
};

}  // namespace mk::cli
