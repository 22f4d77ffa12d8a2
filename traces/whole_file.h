// Files that are there whole or not at all. Used inside traces/ only.
#pragma once

#include <functional>
#include <string>

#include "core/result.h"

namespace mk {

// Calls write(temporary name beside `path`), flushes that file to the disk and renames it to
// `path`. Whatever fails, the temporary file is removed and `path` is what it was; errors name
// `path`. Refuses to replace what is no ordinary file (a device, a folder).
Status write_whole_file(const std::string& path,
                        const std::function<Status(const std::string& partial)>& write);

}  // namespace mk
