// The tool's version, as traces and `megascope --version` show it.
#pragma once

#include <string_view>

namespace mk::cli {

inline constexpr std::string_view kVersion = "0.1";

}  // namespace mk::cli
