#include "traces/check_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "traces/sqlite_file.h"

namespace mk {
namespace {

// SQLite notices missing pages, but not that the last one is cut short. Its header, big endian:
// page size at byte 16 (1 means 65536), pages at byte 28.
Status check_size(const std::string& path) {
  std::array<unsigned char, 32> header{};
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(header.data()), header.size());
  if (!file) return fail(ErrorCode::kInvalidInput, "truncated within the header of SQLite");
  const auto number = [&](std::size_t first, std::size_t end) {
    std::uint64_t value = 0;
    for (std::size_t i = first; i < end; ++i) value = value << 8 | header[i];
    return value;
  };
  const std::uint64_t page = number(16, 18) == 1 ? 65536 : number(16, 18);
  const std::uint64_t whole = page * number(28, 32);
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (!error && size < whole) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("truncated: {} of {} bytes are there", size, whole));
  }
  return {};
}

}  // namespace

Status check_file(const std::string& path) {
  std::error_code error;
  const auto kind = std::filesystem::status(path, error);
  if (!std::filesystem::exists(kind)) return fail(ErrorCode::kNotFound, "no such file");
  if (std::filesystem::is_directory(kind)) return fail(ErrorCode::kInvalidInput, "is a folder");
  std::ifstream file(path, std::ios::binary);
  char first = 0;
  if (!file) return fail(ErrorCode::kIo, fmt::format("cannot open: {}", std::strerror(errno)));
  if (!file.get(first)) return fail(ErrorCode::kInvalidInput, "the file is empty");
  if (!is_sqlite_file(path)) {
    return fail(ErrorCode::kInvalidInput, "not a trace: it is no SQLite database");
  }
  return check_size(path);
}

bool is_sqlite_file(const std::string& path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::array<char, kMagic.size()> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  return file && std::string_view(start.data(), start.size()) == kMagic;
}

}  // namespace mk
