// The schema of a trace file, as SQL. traces/FORMAT.md says what each column means; a test holds
// the two together.
#pragma once

#include <cstdint>
#include <string_view>

namespace mk {

inline constexpr int kTraceSchemaVersion = 2;                    // PRAGMA user_version
inline constexpr std::int32_t kTraceApplicationId = 0x4d4b5452;  // PRAGMA application_id: "MKTR"

std::string_view trace_tables_sql();
// Of the rows that are written in its order: made before them, it grows at its end, which costs
// half of sorting them afterwards.
std::string_view index_in_order_sql();
std::string_view trace_indexes_sql();  // made after the rows
std::string_view trace_views_sql();

}  // namespace mk
