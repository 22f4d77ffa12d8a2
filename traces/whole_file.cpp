#include "traces/whole_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace mk {
namespace {

Error system_error(std::string_view what) {
  return {ErrorCode::kIo, fmt::format("{}: {}", what, std::strerror(errno))};
}

// So that after a power cut the final name holds the whole file or nothing.
Status flush(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tl::unexpected(system_error("cannot open"));
  const int code = ::fsync(file);
  Status status{};
  if (code != 0) status = tl::unexpected(system_error("cannot flush to disk"));
  ::close(file);
  return status;
}

// A rename would put a file in the place of a device or a folder.
Status check_target(const std::string& path) {
  std::error_code ignored;
  const auto target = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(target) && !std::filesystem::is_regular_file(target)) {
    return fail(ErrorCode::kIo, "is there already, and no ordinary file");
  }
  return {};
}

}  // namespace

Status write_whole_file(const std::string& path,
                        const std::function<Status(const std::string& partial)>& write) {
  if (Status status = check_target(path); !status) return with_context(path, status.error());
  const std::string partial = fmt::format("{}.partial-{}", path, ::getpid());
  std::remove(partial.c_str());
  Status status = write(partial);
  if (status) status = flush(partial);
  if (status && std::rename(partial.c_str(), path.c_str()) != 0) {
    status = tl::unexpected(system_error("cannot rename into place"));
  }
  if (!status) {
    std::remove(partial.c_str());
    status = with_context(path, status.error());
  }
  return status;
}

}  // namespace mk
