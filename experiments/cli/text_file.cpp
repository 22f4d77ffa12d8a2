#include "experiments/cli/text_file.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "gpu_backend/weights/atomic_file.h"

namespace mk::cli {

Status write_text(std::string_view text, const std::string& path) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return tl::unexpected(file.error());
  if (const Status written = file->write(text); !written) return written;
  return file->commit();
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (!file || !(text << file.rdbuf()))
    return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", path));
  return text.str();
}

}  // namespace mk::cli
