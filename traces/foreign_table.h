// Reads tables of databases that others wrote: columns by name, as many as there are. Used inside
// traces/ only.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.h"
#include "core/result.h"
#include "traces/database.h"

namespace mk::sqlite {

// One row. A column that the table does not have, or NULL, gives the fallback.
class ForeignRow {
 public:
  explicit ForeignRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool has(int column) const { return sqlite3_column_type(statement_, column) != SQLITE_NULL; }
  std::int64_t integer(int column, std::int64_t fallback = 0) const {
    return has(column) ? sqlite3_column_int64(statement_, column) : fallback;
  }
  double real(int column) const { return sqlite3_column_double(statement_, column); }
  std::string_view text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  // An instant that sums and differences of instants cannot overflow with; kNotTaken else.
  Nanoseconds time(int column) const {
    constexpr Nanoseconds kLast = Nanoseconds{1} << 61;
    const std::int64_t value = integer(column, kNotTaken);
    return value > -kLast && value < kLast ? value : kNotTaken;
  }

 private:
  sqlite3_stmt* statement_;
};

// The columns of a table or view; empty iff there is none of that name.
inline std::set<std::string> columns_of(Database& db, std::string_view table) {
  std::set<std::string> columns;
  Result<Statement> statement = db.prepare("SELECT name FROM pragma_table_info(?)");
  if (!statement) return columns;
  sqlite3_bind_text64(statement->get(), 1, table.data(), table.size(), SQLITE_STATIC, SQLITE_UTF8);
  while (sqlite3_step(statement->get()) == SQLITE_ROW) {
    columns.emplace(ForeignRow(statement->get()).text(0));
  }
  return columns;
}

// visit(row) for each row of `table`, with the columns in that order. Requires: `required` of them,
// from the first on, are there, else nothing is visited and false comes back.
template <typename Visit>
Result<bool> for_each_foreign_row(Database& db, std::string_view table,
                                  const std::vector<std::string_view>& columns,
                                  std::size_t required, Visit&& visit) {
  const std::set<std::string> there = columns_of(db, table);
  std::string list;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool is_there = there.contains(std::string(columns[i]));
    if (!is_there && i < required) return false;
    list += i == 0 ? "" : ", ";
    list += is_there ? "\"" + std::string(columns[i]) + "\"" : "NULL";
  }
  Result<Statement> statement =
      db.prepare("SELECT " + list + " FROM \"" + std::string(table) + "\"");
  if (!statement) return tl::unexpected(statement.error());
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement->get())) == SQLITE_ROW) visit(ForeignRow(statement->get()));
  if (code != SQLITE_DONE) return tl::unexpected(db.error(table));
  return true;
}

}  // namespace mk::sqlite
