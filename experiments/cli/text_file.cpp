#include "experiments/cli/text_file.h"

#include "gpu_backend/weights/atomic_file.h"

namespace mk::cli {

Status write_text(std::string_view text, const std::string& path) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return tl::unexpected(file.error());
  if (const Status written = file->write(text); !written) return written;
  return file->commit();
}

}  // namespace mk::cli
