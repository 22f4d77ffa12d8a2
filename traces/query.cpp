#include "traces/query.h"

#include <fmt/format.h>

#include "traces/database.h"

namespace mk {
namespace {

std::optional<std::string> cell(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return std::nullopt;
    case SQLITE_BLOB:
      return fmt::format("({} bytes)", sqlite3_column_bytes(statement, column));
    default:
      break;
  }
  const unsigned char* text = sqlite3_column_text(statement, column);
  if (text == nullptr) return std::nullopt;
  const int length = sqlite3_column_bytes(statement, column);
  return std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
}

// SQLite notices an interrupt while it compiles a statement as well as while it runs one: both are
// said alike.
Error failure(const sqlite::Database& database, int code) {
  if ((code & 0xff) == SQLITE_INTERRUPT) return {ErrorCode::kStuck, "interrupted"};
  return database.error("SQLite");
}

// As long as it lives, statements of the database run only while they are wanted.
class Asking {
 public:
  Asking(sqlite::Database& database, const std::function<bool()>& is_wanted) : database_(database) {
    if (!is_wanted) return;
    const auto is_to_end = [](void* wanted) {
      return (*static_cast<const std::function<bool()>*>(wanted))() ? 0 : 1;
    };
    database_.ask(is_to_end, const_cast<std::function<bool()>*>(&is_wanted));
  }
  ~Asking() { database_.ask(nullptr, nullptr); }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

 private:
  sqlite::Database& database_;
};

}  // namespace

QueryConnection::QueryConnection(std::unique_ptr<sqlite::Database> database)
    : database_(std::move(database)) {}
QueryConnection::QueryConnection(QueryConnection&&) noexcept = default;
QueryConnection& QueryConnection::operator=(QueryConnection&&) noexcept = default;
QueryConnection::~QueryConnection() = default;

Result<QueryConnection> QueryConnection::open(const std::string& path) {
  Result<sqlite::Database> database = sqlite::Database::open(path, SQLITE_OPEN_READONLY);
  if (!database) return with_context(path, database.error());
  return QueryConnection(std::make_unique<sqlite::Database>(std::move(*database)));
}

Result<QueryTable> QueryConnection::run(std::string_view sql, std::size_t most,
                                        const std::function<bool()>& is_wanted) {
  const Asking asking(*database_, is_wanted);
  const Result<sqlite::Statement> statement = database_->prepare(sql);
  if (!statement) return tl::unexpected(failure(*database_, database_->error_code()));
  if (statement->get() == nullptr) return fail(ErrorCode::kInvalidInput, "no statement");
  if (sqlite3_stmt_readonly(statement->get()) == 0)
    return fail(ErrorCode::kInvalidInput, "the file is only read: SELECT, WITH, EXPLAIN, PRAGMA");
  QueryTable table;
  const int columns = sqlite3_column_count(statement->get());
  for (int c = 0; c < columns; ++c)
    table.columns.emplace_back(sqlite3_column_name(statement->get(), c));
  for (;;) {
    const int code = sqlite3_step(statement->get());
    if (code == SQLITE_DONE) return table;
    if (code != SQLITE_ROW) return tl::unexpected(failure(*database_, code));
    if (table.rows.size() == most) {
      table.is_cut = true;
      return table;
    }
    auto& row = table.rows.emplace_back();
    for (int c = 0; c < columns; ++c) row.push_back(cell(statement->get(), c));
  }
}

void QueryConnection::interrupt() { database_->interrupt(); }

}  // namespace mk
