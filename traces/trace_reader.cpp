#include "traces/trace_reader.h"

#include <fmt/format.h>

#include <utility>

#include "core/annotate.h"
#include "traces/check_file.h"
#include "traces/database.h"
#include "traces/instants_ahead.h"
#include "traces/read_records.h"
#include "traces/read_run.h"
#include "traces/read_slices.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

using sqlite::Database;

constexpr int kBusyMilliseconds = 500;

Result<Database> open_database(const std::string& path) {
  Result<Database> db = Database::open(path, SQLITE_OPEN_READONLY);
  if (!db) return db;
  const Status status = db->exec(fmt::format(
      "PRAGMA busy_timeout={}; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; BEGIN",
      kBusyMilliseconds));
  if (!status) return tl::unexpected(status.error());
  return db;
}

// Closing a file ends all locks that this process has on it, those of SQLite too: check_file()
// comes before the first connection and not before the second.
std::unique_ptr<InstantsAhead> start_ahead(const std::string& path, Database& first) {
  Result<Database> second = open_database(path);
  if (!second || !read_version(*second)) return nullptr;
  return InstantsAhead::start(first, std::move(*second));
}

}  // namespace

Result<TraceReader> TraceReader::open(const std::string& path) {
  if (Status status = check_file(path); !status) return with_context(path, status.error());
  Result<Database> db = open_database(path);
  if (!db) return with_context(path, db.error());
  const Result<int> version = read_version(*db);
  if (!version) return with_context(path, version.error());
  return TraceReader(path, std::make_unique<Database>(std::move(*db)), *version);
}

Result<Trace> TraceReader::outline() {
  Trace trace;
  ahead_ = start_ahead(path_, *database_);
  Status status = read_run(*database_, trace);
  if (status) status = read_slice_outline(*database_, trace, progress_);
  if (!status) return with_context(path_, status.error());
  return trace;
}

Status TraceReader::complete(Trace& trace) {
  Result<SliceColumns> instants =
      ahead_ ? ahead_->finish(progress_) : read_slice_instants(*database_, progress_);
  ahead_.reset();
  if (!instants) return with_context(path_, instants.error());
  Status status = join_instants(std::move(*instants), trace.slices);
  if (status) status = read_records(*database_, version_, trace);
  if (!status) return with_context(path_, status.error());
  return {};
}

Result<Trace> TraceReader::whole() {
  Trace trace;
  Status status = read_run(*database_, trace);
  if (status) status = read_slices(*database_, trace, progress_);
  if (status) status = read_records(*database_, version_, trace);
  if (!status) return with_context(path_, status.error());
  return trace;
}

TraceReader::TraceReader(std::string path, std::unique_ptr<Database> database, int version)
    : path_(std::move(path)), database_(std::move(database)), version_(version) {}
TraceReader::TraceReader(TraceReader&&) noexcept = default;
TraceReader& TraceReader::operator=(TraceReader&&) noexcept = default;
TraceReader::~TraceReader() = default;

Result<Trace> read_trace(const std::string& path) {
  const Annotation phase("read trace");
  Result<TraceReader> reader = TraceReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  return reader->whole();
}

}  // namespace mk
