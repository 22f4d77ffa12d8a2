// Writes NumPy's .npy files: float32, C order, format version 1.0.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "core/result.h"

namespace mk {

// values as [rows, columns]; the file appears whole or not at all. kIo, naming the file, iff the
// disk refuses. Requires: values.size() == rows * columns.
[[nodiscard]] Status write_npy(const std::filesystem::path& file, std::span<const float> values,
                               std::int64_t rows, std::int64_t columns);

}  // namespace mk
