// Writing the trace of a run with all that traces/FORMAT.md asks of its `meta`.
#pragma once

#include <string>

#include "core/record.h"
#include "core/result.h"

namespace mk::cli {

// Adds model and tool version, and writes the trace. kIo iff the disk refuses.
Status write_run(RunRecord record, const std::string& path);

}  // namespace mk::cli
