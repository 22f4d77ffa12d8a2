// The graph tables of a trace file, checked as far as analysis leans on them. Used inside traces/
// only.
#pragma once

#include "core/result.h"
#include "traces/database.h"
#include "traces/trace.h"

namespace mk {

Status read_graphs(sqlite::Database& database, Trace& trace);

}  // namespace mk
