// megascope-gui, which lies beside this program where it was built.
#pragma once

#include <filesystem>
#include <optional>

namespace mk::cli {

// Where it would lie.
std::filesystem::path viewer_path();

// None iff this build has no viewer.
std::optional<std::filesystem::path> find_viewer();

}  // namespace mk::cli
