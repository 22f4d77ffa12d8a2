#include "traces/sweep_file.h"

#include <fmt/format.h>

#include <utility>

#include "traces/database.h"
#include "traces/row_reader.h"

namespace mk {
namespace {

using sqlite::Database;
using sqlite::Row;
using sqlite::Statement;

constexpr std::array kInputColumns = {
    std::pair{"model_hash", &SweepInputs::model_hash},
    std::pair{"machine_hash", &SweepInputs::machine_hash},
    std::pair{"simulator_hash", &SweepInputs::simulator_hash},
};

constexpr std::size_t kColumns =
    kSweepAxes.size() + kInputColumns.size() + kSweepMeasures.size() + 1;

// The names of all columns, in the order of the table.
std::string column_list() {
  std::string list;
  for (const SweepAxis& axis : kSweepAxes) list += fmt::format("\"{}\",", axis.name);
  for (const auto& [name, member] : kInputColumns) list += fmt::format("{},", name);
  for (const SweepMeasure& measure : kSweepMeasures) list += fmt::format("{},", measure.name);
  return list + "refused";
}

Result<std::int64_t> number_of(Database& database, std::string_view query) {
  std::int64_t number = 0;
  const Status status =
      sqlite::for_each_row(database, "pragma", query, [&](Row& row) { number = row.integer(0); });
  if (!status) return tl::unexpected(status.error());
  return number;
}

// Whether the database has nothing in it yet.
Result<bool> is_new(Database& database) {
  const Result<std::int64_t> tables = number_of(database, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected(tables.error());
  return *tables == 0;
}

Status check_identity(Database& database) {
  const Result<std::int64_t> application = number_of(database, "PRAGMA application_id");
  if (!application) return tl::unexpected(application.error());
  if (*application != kSweepApplicationId)
    return fail(ErrorCode::kInvalidInput, "not a sweep file, but another SQLite database");
  const Result<std::int64_t> version = number_of(database, "PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  if (*version == kSweepSchemaVersion) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("a sweep file of version {}; this program knows version {}: use another "
                          "file, or remove this one",
                          *version, kSweepSchemaVersion));
}

Status make_tables(Database& database) {
  return database.exec(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}; {}",
                                   kSweepApplicationId, kSweepSchemaVersion, sweep_tables_sql()));
}

SweepRow read_row(Row& row) {
  SweepRow read;
  int column = 0;
  for (const SweepAxis& axis : kSweepAxes) {
    if (axis.text != nullptr) {
      read.point.*axis.text = row.text(column++);
    } else {
      read.point.*axis.number = static_cast<std::uint64_t>(row.integer(column++, 0));
    }
  }
  for (const auto& [name, member] : kInputColumns) read.inputs.*member = row.text(column++);
  for (const SweepMeasure& measure : kSweepMeasures) {
    if (measure.real != nullptr) {
      read.result.*measure.real = row.real(column++);
    } else {
      read.result.*measure.whole = static_cast<std::uint64_t>(row.integer(column++, 0));
    }
  }
  read.result.refused = row.text(column);
  return read;
}

}  // namespace

std::string sweep_tables_sql() {
  std::string columns;
  std::string key;
  for (const SweepAxis& axis : kSweepAxes) {
    columns += fmt::format("  \"{}\" {} NOT NULL,\n", axis.name,
                           axis.text != nullptr ? "TEXT" : "INTEGER");
    key += fmt::format("{}\"{}\"", key.empty() ? "" : ",", axis.name);
  }
  for (const auto& [name, member] : kInputColumns)
    columns += fmt::format("  {} TEXT NOT NULL,\n", name);
  for (const SweepMeasure& measure : kSweepMeasures) {
    columns += fmt::format("  {} {} NOT NULL,\n", measure.name,
                           measure.real != nullptr ? "REAL" : "INTEGER");
  }
  return fmt::format(
      "CREATE TABLE point(\n{}  refused TEXT NOT NULL,\n  PRIMARY KEY({})) STRICT, WITHOUT ROWID;",
      columns, key);
}

class SweepFile::Handles {
 public:
  Handles(std::string path, Database database, Statement insert)
      : path_(std::move(path)), database_(std::move(database)), insert_(std::move(insert)) {}

  static Result<std::unique_ptr<Handles>> open(const std::string& path) {
    Result<Database> database = Database::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                               "remove it, and its points are computed again");
    if (!database) return tl::unexpected(database.error());
    // The lock is the process's own until the file is closed, or the process is gone.
    Status status = database->exec(
        "PRAGMA trusted_schema=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=NORMAL;"
        "BEGIN EXCLUSIVE");
    if (!status) return tl::unexpected(status.error());
    const Result<bool> empty = is_new(*database);
    if (!empty) return tl::unexpected(empty.error());
    status = *empty ? make_tables(*database) : check_identity(*database);
    if (status) status = database->exec("COMMIT; BEGIN");
    if (!status) return tl::unexpected(status.error());
    std::string marks = "?";
    for (std::size_t i = 1; i < kColumns; ++i) marks += ",?";
    Result<Statement> insert = database->prepare(
        fmt::format("INSERT OR REPLACE INTO point({}) VALUES({})", column_list(), marks));
    if (!insert) return tl::unexpected(insert.error());
    return std::make_unique<Handles>(path, std::move(*database), std::move(*insert));
  }

  Result<std::vector<SweepRow>> rows() {
    std::string key;
    for (const SweepAxis& axis : kSweepAxes)
      key += fmt::format("{}\"{}\"", key.empty() ? "" : ",", axis.name);
    std::vector<SweepRow> rows;
    const Status status = sqlite::for_each_row(
        database_, "point", fmt::format("SELECT {} FROM point ORDER BY {}", column_list(), key),
        [&](Row& row) { rows.push_back(read_row(row)); });
    if (!status) return with_context(path_, status.error());
    return rows;
  }

  Status store(const SweepRow& row) {
    insert_.begin();
    for (const SweepAxis& axis : kSweepAxes) {
      if (axis.text != nullptr) {
        insert_.add(std::string_view(row.point.*axis.text));
      } else {
        insert_.add(static_cast<std::int64_t>(row.point.*axis.number));
      }
    }
    for (const auto& [name, member] : kInputColumns)
      insert_.add(std::string_view(row.inputs.*member));
    for (const SweepMeasure& measure : kSweepMeasures) {
      if (measure.real != nullptr) {
        insert_.add(row.result.*measure.real);
      } else {
        insert_.add(static_cast<std::int64_t>(row.result.*measure.whole));
      }
    }
    insert_.add(std::string_view(row.result.refused));
    if (!insert_.step()) return with_context(path_, database_.error("point"));
    return {};
  }

  Status flush() {
    const Status status = database_.exec("COMMIT; BEGIN");
    if (!status) return with_context(path_, status.error());
    return {};
  }

 private:
  std::string path_;
  Database database_;
  Statement insert_;
};

Result<SweepFile> SweepFile::open(const std::string& path) {
  Result<std::unique_ptr<Handles>> handles = Handles::open(path);
  if (!handles) return with_context(path, handles.error());
  return SweepFile(std::move(*handles));
}

SweepFile::SweepFile(std::unique_ptr<Handles> handles) : handles_(std::move(handles)) {}
SweepFile::SweepFile(SweepFile&&) noexcept = default;
SweepFile& SweepFile::operator=(SweepFile&&) noexcept = default;
SweepFile::~SweepFile() {
  if (handles_) static_cast<void>(handles_->flush());
}

Result<std::vector<SweepRow>> SweepFile::rows() { return handles_->rows(); }
Status SweepFile::store(const SweepRow& row) { return handles_->store(row); }
Status SweepFile::flush() { return handles_->flush(); }

}  // namespace mk
