#include "experiments/cli/trace_output.h"

#include <utility>

#include "core/check.h"
#include "experiments/cli/version.h"
#include "traces/sqlite_file.h"

namespace mk::cli {

Status write_run(RunRecord record, const std::string& path,
                 const std::optional<capture::RunCapture>& captured) {
  MK_CHECK(!record.graphs.empty(), "a run has a graph");
  record.meta["model"] = record.graphs[0]->info().model;
  record.meta["tool_version"] = version();
  if (!captured) return write_trace(record, path);
  return write_trace(capture::join_capture(std::move(record), *captured), path);
}

}  // namespace mk::cli
