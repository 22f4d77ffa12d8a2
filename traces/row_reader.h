// Reads the rows of one query and keeps the first thing that is wrong with them, so that a damaged
// or hand-edited file ends in one clear error and never in an index out of range. Used inside
// traces/ only.
#pragma once

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdint>
#include <limits>
#include <optional>
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

  std::uint64_t number() const { return number_; }
  void next() { ++number_; }

  // An integer in [low, high].
  std::int64_t integer(int column, std::int64_t low = std::numeric_limits<std::int64_t>::min(),
                       std::int64_t high = std::numeric_limits<std::int64_t>::max()) {
    return integer_of(sqlite3_column_value(statement_, column), column, low, high);
  }
  template <typename T>
  T whole(int column) {
    return static_cast<T>(
        integer(column, 0, static_cast<std::int64_t>(std::numeric_limits<T>::max())));
  }
  // An index below `count`.
  std::uint32_t index(int column, std::size_t count) {
    return index_of(sqlite3_column_value(statement_, column), column, count);
  }
  // The row's own number: ids are 0, 1, 2 ... in order.
  void id(int column, std::uint64_t expected) {
    if (integer(column) != static_cast<std::int64_t>(expected)) {
      complain(column, fmt::format("is not {}: ids must count up from 0", expected));
    }
  }
  bool null(int column) { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  template <typename T>
  std::optional<T> optional(int column) {
    return null(column) ? std::nullopt : std::optional<T>(whole<T>(column));
  }
  std::uint32_t optional_index(int column, std::size_t count) {
    sqlite3_value* value = sqlite3_column_value(statement_, column);
    return is_null(value) ? kNoIndex : index_of(value, column, count);
  }
  Nanoseconds time(int column) { return integer(column, kFirstTime, kLastTime); }
  Nanoseconds instant(int column) {
    sqlite3_value* value = sqlite3_column_value(statement_, column);
    return is_null(value) ? kNotTaken : integer_of(value, column, kFirstTime, kLastTime);
  }
  double real(int column) {
    const int type = sqlite3_column_type(statement_, column);
    if (type != SQLITE_FLOAT && type != SQLITE_INTEGER) complain(column, "is no number");
    return sqlite3_column_double(statement_, column);
  }
  std::string_view text(int column) {
    if (sqlite3_column_type(statement_, column) != SQLITE_TEXT) {
      complain(column, "is no text");
      return {};
    }
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
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
      complaint_ = fmt::format("table {}, row {}: {} {}", table_, number_,
                               sqlite3_column_name(statement_, column), what);
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

  sqlite3_stmt* statement_;
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

}  // namespace mk::sqlite
