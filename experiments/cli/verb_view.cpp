#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "experiments/cli/verb_list.h"
#include "experiments/cli/viewer.h"
#include "traces/sqlite_file.h"

namespace mk::cli {
namespace {

Result<Answer> view(const std::vector<std::string>& traces) {
  for (const std::string& trace : traces) {
    if (!is_sqlite_file(trace))
      return fail(ErrorCode::kInvalidInput, fmt::format("{}: no trace file", trace));
  }
  const std::optional<std::filesystem::path> viewer = find_viewer();
  if (!viewer) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{} is not there: this build has no viewer", viewer_path().string()));
  }
  std::vector<char*> arguments{const_cast<char*>(viewer->c_str())};
  for (const std::string& trace : traces) arguments.push_back(const_cast<char*>(trace.c_str()));
  arguments.push_back(nullptr);
  execv(viewer->c_str(), arguments.data());
  return fail(ErrorCode::kIo, fmt::format("{}: {}", viewer->string(), std::strerror(errno)));
}

Action declare(Flags& flags) {
  const auto traces = std::make_shared<std::vector<std::string>>();
  flags.arguments("TRACE", *traces, "one, or two that are shown side by side").required();
  return [traces](Console&) { return view(*traces); };
}

}  // namespace

constinit const Verb view_verb = {
    .name = "view",
    .summary = "opens traces in the viewer",
    .arguments = "TRACE ... [options]",
    .description =
        "Opens the traces in megascope-gui, which lies beside this program where it was built.",
    .examples = "megascope view predicted.db measured.db",
    .declare = declare,
};

}  // namespace mk::cli
