// The tool's version, as traces and `megascope --version` show it.
#pragma once

#include <string>

namespace mk::cli {

std::string version();

}  // namespace mk::cli
