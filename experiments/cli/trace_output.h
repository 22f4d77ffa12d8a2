// Writing the trace of a run with all that traces/FORMAT.md asks of its `meta`.
#pragma once

#include <optional>
#include <string>

#include "core/record.h"
#include "core/result.h"
#include "profiler/capture/run_capture.h"

namespace mk::cli {

// Adds model and tool version, and what CUPTI saw of the run where there is that, and writes the
// trace. kIo iff the disk refuses.
Status write_run(RunRecord record, const std::string& path,
                 const std::optional<capture::RunCapture>& captured = {});

}  // namespace mk::cli
