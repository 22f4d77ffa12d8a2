#include "traces/trace_reader.h"

#include <fmt/format.h>

#include <utility>

#include "core/annotate.h"
#include "traces/check_file.h"
#include "traces/database.h"
#include "traces/read_records.h"
#include "traces/read_run.h"
#include "traces/read_slices.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

using sqlite::Database;

constexpr int kBusyMilliseconds = 500;

Result<Database> open_database(const std::string& path) {
  if (Status status = check_file(path); !status) return tl::unexpected(status.error());
  Result<Database> db = Database::open(path, SQLITE_OPEN_READONLY);
  if (!db) return db;
  const Status status = db->exec(fmt::format(
      "PRAGMA busy_timeout={}; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; BEGIN",
      kBusyMilliseconds));
  if (!status) return tl::unexpected(status.error());
  return db;
}

}  // namespace

Result<TraceReader> TraceReader::open(const std::string& path) {
  Result<Database> db = open_database(path);
  if (!db) return with_context(path, db.error());
  const Result<int> version = read_version(*db);
  if (!version) return with_context(path, version.error());
  return TraceReader(path, std::make_unique<Database>(std::move(*db)), *version);
}

Result<Trace> TraceReader::outline() {
  Trace trace;
  Status status = read_run(*database_, trace);
  if (status) status = read_slice_outline(*database_, trace, progress_);
  if (!status) return with_context(path_, status.error());
  return trace;
}

Status TraceReader::complete(Trace& trace) {
  Status status = read_slice_instants(*database_, trace, progress_);
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
