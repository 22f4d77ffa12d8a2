// A thin owner of SQLite's handles, with errors as Results. Used inside traces/ only.
#pragma once

#include <sqlite3.h>

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/record.h"
#include "core/result.h"
#include "core/units.h"

namespace mk::sqlite {

// Values that know when they are NULL.
struct Instant {
  Nanoseconds value;  // kNotTaken: NULL
};
struct Index {
  std::uint32_t value;  // kNoIndex: NULL
};

class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Binds value by value and runs the statement: begin, add each, step.
  void begin() { column_ = 0; }
  template <typename Value>
  void add(const Value& value) {
    bind(++column_, value);
  }
  // False iff SQLite refused.
  bool step() {
    const int code = sqlite3_step(statement_.get());
    sqlite3_reset(statement_.get());
    return code == SQLITE_DONE;
  }

  sqlite3_stmt* get() const { return statement_.get(); }

 private:
  void bind(int column, std::int64_t value) {
    sqlite3_bind_int64(get(), column, value);
    taken_[at(column)] = true;
  }
  void bind(int column, std::uint32_t value) { bind(column, std::int64_t{value}); }
  void bind(int column, double value) {
    sqlite3_bind_double(get(), column, value);
    taken_[at(column)] = true;
  }
  void bind(int column, std::string_view text) {
    sqlite3_bind_text64(get(), column, text.data() == nullptr ? "" : text.data(), text.size(),
                        SQLITE_STATIC, SQLITE_UTF8);
    taken_[at(column)] = true;
  }
  // Columns that are NULL in row after row cost nothing: a parameter keeps what it was bound to.
  void bind(int column, std::nullopt_t) {
    if (!taken_[at(column)]) return;
    sqlite3_bind_null(get(), column);
    taken_[at(column)] = false;
  }
  void bind(int column, Instant at) {
    at.value == kNotTaken ? bind(column, std::nullopt) : bind(column, at.value);
  }
  void bind(int column, Index index) {
    index.value == kNoIndex ? bind(column, std::nullopt) : bind(column, index.value);
  }
  template <typename T>
  void bind(int column, const std::optional<T>& value) {
    value ? bind(column, std::int64_t{*value}) : bind(column, std::nullopt);
  }

  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  static std::size_t at(int column) { return static_cast<std::size_t>(column); }

  int column_ = 0;            // bound last
  std::bitset<256> taken_{};  // c: parameter c (of at most 255) is not NULL
};

class Database {
 public:
  // `flags` as sqlite3_open_v2 takes them; `remedy`: what a person does about a damaged file.
  static Result<Database> open(const std::string& path, int flags,
                               std::string_view remedy = "make the trace again");

  Status exec(std::string_view sql);
  Result<Statement> prepare(std::string_view sql);

  // What SQLite last complained about, as an Error that names `context`, and as SQLite's code.
  Error error(std::string_view context) const;
  int error_code() const { return sqlite3_extended_errcode(database_.get()); }

  // Makes a statement that another thread runs end with SQLITE_INTERRUPT.
  void interrupt() { sqlite3_interrupt(database_.get()); }

  // While a statement runs SQLite asks `is_to_end(argument)` every few thousand steps; not 0 ends
  // it with SQLITE_INTERRUPT. Null: it asks no more.
  void ask(int (*is_to_end)(void*), void* argument) {
    sqlite3_progress_handler(database_.get(), 4000, is_to_end, argument);
  }

  // Makes a function of so many arguments known to this connection's own statements.
  Status define(const char* name, int arguments,
                void (*call)(sqlite3_context*, int, sqlite3_value**), void* user);

  // True iff the name that it was opened by stands for another file by now, or for none.
  bool has_moved();

  // Closes; an error here is one of the disk.
  Status close();

 private:
  struct Close {
    void operator()(sqlite3* d) const { sqlite3_close(d); }
  };
  Database(sqlite3* database, std::string_view remedy) : database_(database), remedy_(remedy) {}
  std::unique_ptr<sqlite3, Close> database_;
  std::string_view remedy_;  // a literal
};

}  // namespace mk::sqlite
