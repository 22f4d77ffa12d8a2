// A file that appears whole under its name, or not at all.
//
// Bytes go to a temporary file beside the final one; commit() makes them durable and renames.
// Without commit(), or after an error, the destructor deletes the temporary file, and what stood
// under the final name stays as it was.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

#include "core/result.h"

namespace mk {

class AtomicFile {
 public:
  // Makes the folder of `path` where it is missing. kIo where the operating system refuses; the
  // message names the path.
  [[nodiscard]] static Result<AtomicFile> create(const std::filesystem::path& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  // kIo, for example on a full disk.
  [[nodiscard]] Status write(std::span<const std::byte> bytes);
  [[nodiscard]] Status write(std::string_view text);

  // Call once, last.
  [[nodiscard]] Status commit();

 private:
  AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int descriptor);

  std::filesystem::path path_{};
  std::filesystem::path temporary_{};
  int descriptor_ = -1;  // -1 once committed or moved from
};

// The whole text in one go.
[[nodiscard]] Status write_file_atomically(const std::filesystem::path& path,
                                           std::string_view text);

}  // namespace mk
