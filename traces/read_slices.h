// Reads table slice in two parts. Used inside traces/ only.
#pragma once

#include <functional>

#include "core/result.h"
#include "traces/database.h"
#include "traces/trace.h"

namespace mk {

// Hears the part that is done, 0 .. 1, every some thousand rows; false ends the reading with
// "interrupted" (kStuck). May be empty.
using ReadProgress = std::function<bool(double part)>;

// lane, task, iteration, name, start and end of every slice; the other columns are kNotTaken.
// Requires: the run is there (read_run.h).
Status read_slice_outline(sqlite::Database& db, Trace& trace, const ReadProgress& progress);

// The other columns. Requires: the outline was read from this database, which nobody has changed
// since (one read transaction).
Status read_slice_instants(sqlite::Database& db, Trace& trace, const ReadProgress& progress);

// Both in one pass.
Status read_slices(sqlite::Database& db, Trace& trace, const ReadProgress& progress);

}  // namespace mk
