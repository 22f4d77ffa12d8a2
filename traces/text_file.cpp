#include "traces/text_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace mk {

Result<TextFile> TextFile::create(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) {
    return fail(ErrorCode::kIo, fmt::format("cannot create: {}", std::strerror(errno)));
  }
  return TextFile(file);
}

void TextFile::flush() {
  failed_ =
      failed_ || std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size();
  buffer_.clear();
}

Status TextFile::close() {
  flush();
  failed_ = std::fclose(file_.release()) != 0 || failed_;
  if (failed_) return fail(ErrorCode::kIo, "cannot write (is the disk full?)");
  return {};
}

}  // namespace mk
