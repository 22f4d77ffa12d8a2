// Reads the rows of one query and keeps the first thing that is wrong with them, so that a damaged
// or hand-edited file ends in one clear error and never in an index out of range. Used inside
// traces/ only.
#pragma once

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/record.h"
#include "core/result.h"
#include "core/units.h"
#include "traces/database.h"

namespace mk::sqlite {

// Getters return a harmless value after the first complaint; the loop ends there.
class Row {
 public:
  Row(sqlite3_stmt* statement, std::string_view table) : statement_(statement), table_(table) {}
  // Of values that stand elsewhere, as look_at() says for each row.
  Row(std::span<const std::string_view> columns, std::string_view table)
      : columns_(columns), table_(table) {}

  std::uint64_t number() const { return number_; }
  void next() { ++number_; }
  void look_at(sqlite3_value** values) { values_ = values; }

  // An integer in [low, high].
  std::int64_t integer(int column, std::int64_t low = std::numeric_limits<std::int64_t>::min(),
                       std::int64_t high = std::numeric_limits<std::int64_t>::max()) {
    return integer_of(value(column), column, low, high);
  }
  template <typename T>
  T whole(int column) {
    return static_cast<T>(
        integer(column, 0, static_cast<std::int64_t>(std::numeric_limits<T>::max())));
  }
  // An index below `count`.
  std::uint32_t index(int column, std::size_t count) {
    return index_of(value(column), column, count);
  }
  // The row's own number: ids are 0, 1, 2 ... in order.
  void id(int column, std::uint64_t expected) {
    if (integer(column) != static_cast<std::int64_t>(expected)) {
      complain(column, fmt::format("is not {}: ids must count up from 0", expected));
    }
  }
  bool null(int column) { return is_null(value(column)); }
  template <typename T>
  std::optional<T> optional(int column) {
    return null(column) ? std::nullopt : std::optional<T>(whole<T>(column));
  }
  std::uint32_t optional_index(int column, std::size_t count) {
    sqlite3_value* found = value(column);
    return is_null(found) ? kNoIndex : index_of(found, column, count);
  }
  Nanoseconds time(int column) { return integer(column, kFirstTime, kLastTime); }
  Nanoseconds instant(int column) {
    sqlite3_value* found = value(column);
    return is_null(found) ? kNotTaken : integer_of(found, column, kFirstTime, kLastTime);
  }
  double real(int column) {
    sqlite3_value* found = value(column);
    const int type = sqlite3_value_type(found);
    if (type != SQLITE_FLOAT && type != SQLITE_INTEGER) complain(column, "is no number");
    return sqlite3_value_double(found);
  }
  std::string_view text(int column) {
    sqlite3_value* found = value(column);
    if (sqlite3_value_type(found) != SQLITE_TEXT) {
      complain(column, "is no text");
      return {};
    }
    const auto* data = reinterpret_cast<const char*>(sqlite3_value_text(found));
    return {data, static_cast<std::size_t>(sqlite3_value_bytes(found))};
  }
  // from_name(text) must know the text.
  template <typename FromName>
  auto named(int column, FromName&& from_name) {
    const auto found = from_name(text(column));
    if (!found) complain(column, fmt::format("= '{}', which is unknown", text(column)));
    return found.value_or(typename std::decay_t<decltype(found)>::value_type{});
  }

  void complain(int column, std::string_view what) {
    if (complaint_.empty()) {
      complaint_ = fmt::format("table {}, row {}: {} {}", table_, number_, name(column), what);
    }
  }
  void complain(std::string_view what) {
    if (complaint_.empty()) complaint_ = fmt::format("table {}, row {}: {}", table_, number_, what);
  }
  const std::string& complaint() const { return complaint_; }

 private:
  // 2^61 ns are 73 years; differences of such instants cannot overflow.
  static constexpr Nanoseconds kLastTime = Nanoseconds{1} << 61;
  static constexpr Nanoseconds kFirstTime = -kLastTime;

  // A value is looked up once a column: there are millions of rows.
  sqlite3_value* value(int column) const {
    return values_ != nullptr ? values_[column] : sqlite3_column_value(statement_, column);
  }
  std::string_view name(int column) const {
    return values_ != nullptr ? columns_[static_cast<std::size_t>(column)]
                              : sqlite3_column_name(statement_, column);
  }
  static bool is_null(sqlite3_value* value) { return sqlite3_value_type(value) == SQLITE_NULL; }

  std::int64_t integer_of(sqlite3_value* value, int column, std::int64_t low, std::int64_t high) {
    if (sqlite3_value_type(value) != SQLITE_INTEGER) {
      complain(column, "is no integer");
      return low;
    }
    const std::int64_t number = sqlite3_value_int64(value);
    if (number < low || number > high) {
      complain(column, fmt::format("= {}, which is not within {} .. {}", number, low, high));
      return low;
    }
    return number;
  }

  std::uint32_t index_of(sqlite3_value* value, int column, std::size_t count) {
    const std::int64_t number = integer_of(value, column, 0, kNoIndex - 1);
    if (static_cast<std::size_t>(number) >= count) {
      complain(column, fmt::format("= {}, but there are {}", number, count));
    }
    return static_cast<std::uint32_t>(number);
  }

  sqlite3_stmt* statement_ = nullptr;
  sqlite3_value** values_ = nullptr;  // in place of the statement's columns
  std::span<const std::string_view> columns_{};
  std::string_view table_;
  std::uint64_t number_ = 0;
  std::string complaint_{};
};

// Calls visit(row) for each row of the query.
template <typename Visit>
Status for_each_row(Database& database, std::string_view table, std::string_view query,
                    Visit&& visit) {
  Result<Statement> statement = database.prepare(query);
  if (!statement) return tl::unexpected(statement.error());
  Row row(statement->get(), table);
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement->get())) == SQLITE_ROW) {
    visit(row);
    if (!row.complaint().empty()) return fail(ErrorCode::kInvalidInput, row.complaint());
    row.next();
  }
  if (code != SQLITE_DONE) return tl::unexpected(database.error(table));
  return {};
}

// The same for the named columns of a whole table, for millions of rows: SQLite walks it by rowid
// and calls visit() as a function within one statement, which costs a third less than a step a row.
template <typename Visit>
Status for_each_row_of(Database& database, std::string_view table,
                       std::span<const std::string_view> columns, Visit&& visit) {
  struct Taking {
    Visit& visit;
    Row row;
    static void take(sqlite3_context* context, int, sqlite3_value** values) {
      auto& [visit, row] = *static_cast<Taking*>(sqlite3_user_data(context));
      row.look_at(values);
      visit(row);
      if (!row.complaint().empty()) return sqlite3_result_error(context, "refused", -1);
      row.next();  // the result is NULL: the statement has no rows
    }
  };
  Taking taking{visit, Row(columns, table)};
  Status defined =
      database.define("take", static_cast<int>(columns.size()), &Taking::take, &taking);
  if (!defined) return defined;
  Result<Statement> statement = database.prepare(
      fmt::format("SELECT 1 FROM {0} NOT INDEXED WHERE take({1}) ORDER BY {0}.rowid", table,
                  fmt::join(columns, ",")));
  if (!statement) return tl::unexpected(statement.error());
  const int code = sqlite3_step(statement->get());
  if (!taking.row.complaint().empty())
    return fail(ErrorCode::kInvalidInput, taking.row.complaint());
  if (code != SQLITE_DONE) return tl::unexpected(database.error(table));
  return {};
}

}  // namespace mk::sqlite
