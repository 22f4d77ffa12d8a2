// Reads table slice in one part or two. Used inside traces/ only.
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

// The other columns; those of the outline are empty.
Result<SliceColumns> read_slice_instants(sqlite::Database& db, const ReadProgress& progress);

// Puts those columns into the slices whose outline was read. InvalidInput iff they are of another
// number of rows.
Status join_instants(SliceColumns instants, SliceColumns& slices);

// Both in one pass.
Status read_slices(sqlite::Database& db, Trace& trace, const ReadProgress& progress);

}  // namespace mk
