// Reads what a trace says about its run besides slices and other records: meta, strings, clocks,
// health, lanes, graphs, iterations, requests. Used inside traces/ only.
#pragma once

#include "core/result.h"
#include "traces/database.h"
#include "traces/trace.h"

namespace mk {

// The schema's version. InvalidInput iff the database is no trace, Unsupported iff it is newer than
// this program.
Result<int> read_version(sqlite::Database& database);

Status read_run(sqlite::Database& db, Trace& trace);

}  // namespace mk
