// Reads the records of a trace that are no slices. Used inside traces/ only.
#pragma once

#include "core/result.h"
#include "traces/database.h"
#include "traces/trace.h"

namespace mk {

// Activations, intervals and counters, and from schema version 2 on flows and details. Requires:
// all else is there.
Status read_records(sqlite::Database& db, int version, Trace& trace);

}  // namespace mk
