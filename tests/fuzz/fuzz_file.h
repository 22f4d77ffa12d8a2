// Bytes as a file, for importers that take a path.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "core/check.h"

namespace mk::fuzz {

// Writes the bytes to a file of this process's own in memory (/dev/shm), and returns its path. Each
// call overwrites the last one's file.
inline std::string file_of(const std::uint8_t* data, std::size_t size) {
  static const std::string path = "/dev/shm/megascope-fuzz-" + std::to_string(::getpid());
  std::FILE* file = std::fopen(path.c_str(), "wb");
  MK_CHECK(file != nullptr, "/dev/shm can be written");
  std::fwrite(data, 1, size, file);
  std::fclose(file);
  return path;
}

}  // namespace mk::fuzz
