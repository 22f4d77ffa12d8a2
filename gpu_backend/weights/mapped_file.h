// A file that is read through memory: opened, mapped and closed by one value.
//
// The bytes stay valid, at the same address, as long as the MappedFile (or what it was moved into)
// lives. Any number of threads may read them. A file that another program cuts short while it is
// mapped ends this program with SIGBUS; nobody can prevent that.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "core/result.h"

namespace mk {

class MappedFile {
 public:
  // kNotFound where there is no such file, kIo where the operating system refuses; the message
  // names the path.
  [[nodiscard]] static Result<MappedFile> open(const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  // Empty iff the file is.
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> bytes_{};
};

}  // namespace mk
