#include "experiments/cli/viewer.h"

#include <unistd.h>

#include <system_error>

namespace mk::cli {

std::filesystem::path viewer_path() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return self.parent_path() / "megascope-gui";
}

std::optional<std::filesystem::path> find_viewer() {
  const std::filesystem::path viewer = viewer_path();
  if (access(viewer.c_str(), X_OK) != 0) return std::nullopt;
  return viewer;
}

}  // namespace mk::cli
