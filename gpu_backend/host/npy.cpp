#include "gpu_backend/host/npy.h"

#include <fmt/format.h>

#include <bit>
#include <string>

#include "core/check.h"
#include "gpu_backend/weights/atomic_file.h"

namespace mk {
namespace {

static_assert(std::endian::native == std::endian::little, "the header says '<f4'");

// Magic, version, length of the rest, then a Python literal, padded so that the values begin on a
// multiple of 64 bytes.
std::string npy_header(std::int64_t rows, std::int64_t columns) {
  std::string literal =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  constexpr std::size_t kPreamble = 10;
  const std::size_t unpadded = kPreamble + literal.size() + 1;
  literal.append((unpadded + 63) / 64 * 64 - unpadded, ' ');
  literal += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(literal.size() & 0xff);
  header += static_cast<char>(literal.size() >> 8);
  return header + literal;
}

}  // namespace

Status write_npy(const std::filesystem::path& path, std::span<const float> values,
                 std::int64_t rows, std::int64_t columns) {
  MK_CHECK(values.size() == static_cast<std::size_t>(rows * columns), "values fill the shape");
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return tl::unexpected(file.error());
  if (Status status = file->write(npy_header(rows, columns)); !status) return status;
  if (Status status = file->write(std::as_bytes(values)); !status) return status;
  return file->commit();
}

}  // namespace mk
