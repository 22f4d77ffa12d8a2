#include "gpu_backend/weights/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "core/check.h"

namespace mk {

namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> refused(const fs::path& path, const char* what, const std::string& why) {
  return fail(ErrorCode::kIo, fmt::format("{}: cannot {}: {}", path.string(), what, why));
}

std::string system_message() { return std::strerror(errno); }

}  // namespace

Result<AtomicFile> AtomicFile::create(const fs::path& path) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error) return refused(path, "make its folder", error.message());
  std::string name = path.string() + ".writing-XXXXXX";
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) return refused(path, "write", system_message());
  ::fchmod(descriptor, 0644);  // mkstemp's 0600 is for secrets
  return AtomicFile(path, fs::path(name), descriptor);
}

AtomicFile::AtomicFile(fs::path path, fs::path temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  MK_CHECK(descriptor_ >= 0, "nothing is written after commit()");
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return refused(path_, "write", system_message());
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status AtomicFile::write(std::string_view text) {
  return write(std::as_bytes(std::span(text.data(), text.size())));
}

Status AtomicFile::commit() {
  MK_CHECK(descriptor_ >= 0, "commit() is called once");
  if (::fsync(descriptor_) != 0) return refused(path_, "write", system_message());
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return refused(path_, "rename into place", system_message());
  }
  ::close(std::exchange(descriptor_, -1));
  return {};
}

Status write_file_atomically(const fs::path& path, std::string_view text) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return tl::unexpected(std::move(file).error());
  const Status written = file->write(text);
  return written ? file->commit() : written;
}

}  // namespace mk
