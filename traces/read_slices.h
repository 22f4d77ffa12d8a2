// Reads table slice in two parts. Used inside traces/ only.
#pragma once

#include "core/result.h"
#include "traces/database.h"
#include "traces/trace.h"

namespace mk {

// lane, task, iteration, name, start and end of every slice; the other columns are kNotTaken.
// Requires: the run is there (read_run.h).
Status read_slice_outline(sqlite::Database& db, Trace& trace);

// The other columns. Requires: the outline was read from this database, which nobody has changed
// since (one read transaction).
Status read_slice_instants(sqlite::Database& db, Trace& trace);

// Both in one pass.
Status read_slices(sqlite::Database& db, Trace& trace);

}  // namespace mk
