// What can be said about a trace file before SQLite looks at it. Used inside traces/ only.
#pragma once

#include <string>

#include "core/result.h"

namespace mk {

// NotFound, Io, or InvalidInput: a folder, empty, no SQLite database, cut short. SQLite itself
// opens an empty file as an empty database, and does not notice that its last page is cut short.
Status check_file(const std::string& path);

}  // namespace mk
