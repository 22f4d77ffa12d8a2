// The trace file: one SQLite database, specified in traces/FORMAT.md.
//
// A file is written to a temporary name beside `path` ("<path>.partial-<process id>") and renamed
// when whole: a full disk leaves nothing, a killed writer nothing under the final name. Equal
// traces give equal bytes (same SQLite version), and simulated traces hold nothing that was
// measured. A writer that wants an error instead of a signal for a file over the process's size
// limit ignores SIGXFSZ.
#pragma once

#include <string>

#include "core/result.h"
#include "traces/trace.h"

namespace mk {

struct TraceWriteOptions {
  bool intervals = false;  // store the intervals too: larger, and of use only to SQL
  bool indexes = true;     // indexes and views; a reader needs none
};

// Io iff the disk refused.
Status write_trace(const Trace& trace, const std::string& path,
                   const TraceWriteOptions& options = {});
Status write_trace(const RunRecord& record, const std::string& path,
                   const TraceWriteOptions& options = {});

// NotFound, InvalidInput (empty, foreign, truncated, damaged, contradictory), Unsupported (a newer
// schema, with both numbers) or Io (locked, unreadable), with the file and the place.
Result<Trace> read_trace(const std::string& path);

// Does the file begin like an SQLite database? False also when it cannot be read.
bool is_sqlite_file(const std::string& path);

}  // namespace mk
