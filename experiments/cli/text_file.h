// Small text files: read whole; written so that they appear whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace mk::cli {

// kIo, naming the file, iff the disk refuses.
Status write_text(std::string_view text, const std::string& path);

// kIo, naming the file, iff it cannot be read.
Result<std::string> read_text(const std::string& path);

}  // namespace mk::cli
