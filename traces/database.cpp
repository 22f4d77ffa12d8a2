#include "traces/database.h"

#include <fmt/format.h>

namespace mk::sqlite {
namespace {

ErrorCode code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
      return ErrorCode::kInvalidInput;
    default:
      return ErrorCode::kIo;
  }
}

std::string advice(int sqlite_code, std::string_view remedy) {
  switch (sqlite_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return " (another program is writing it: close that, or copy the file)";
    case SQLITE_NOTADB:
      return " (it is no SQLite database)";
    case SQLITE_CORRUPT:
      return fmt::format(" (truncated or damaged: {})", remedy);
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return " (is the disk full, or over a size limit?)";
    default:
      return "";
  }
}

// SQLite then counts no memory, for which it would take a lock at each piece. Has no effect where
// something used SQLite before.
void count_no_memory() {
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(once);
}

}  // namespace

Result<Database> Database::open(const std::string& path, int flags, std::string_view remedy) {
  count_no_memory();
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw, remedy);
  if (code != SQLITE_OK) return tl::unexpected(database.error("cannot open"));
  sqlite3_extended_result_codes(raw, 1);
  return database;
}

Status Database::exec(std::string_view sql) {
  const std::string text(sql);
  if (sqlite3_exec(database_.get(), text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return tl::unexpected(error("SQLite"));
  }
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement(raw);
  if (code != SQLITE_OK) return tl::unexpected(error("SQLite"));
  return statement;
}

Error Database::error(std::string_view context) const {
  if (database_ == nullptr) return {ErrorCode::kIo, fmt::format("{}: out of memory", context)};
  const int code = sqlite3_extended_errcode(database_.get());
  return {code_of(code),
          fmt::format("{}: {}{}", context, sqlite3_errmsg(database_.get()), advice(code, remedy_))};
}

Status Database::define(const char* name, int arguments,
                        void (*call)(sqlite3_context*, int, sqlite3_value**), void* user) {
  const int code =
      sqlite3_create_function(database_.get(), name, arguments, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                              user, call, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error("SQLite"));
  return {};
}

bool Database::has_moved() {
  int moved = 0;
  const int code = sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return code != SQLITE_OK || moved != 0;
}

Status Database::close() {
  if (sqlite3_close(database_.get()) != SQLITE_OK) return tl::unexpected(error("closing"));
  static_cast<void>(database_.release());
  return {};
}

}  // namespace mk::sqlite
