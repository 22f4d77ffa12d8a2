// A trace file that someone edited: a sound one with some cells changed and rows removed, by SQL,
// so that every input gets past SQLite's own checks. Reading ends in an error, or in a Trace that
// analysis can take.
#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <vector>

#include "profiler/analysis/analyze.h"
#include "profiler/analysis/bandwidth.h"
#include "profiler/analysis/compare.h"
#include "profiler/analysis/critical_path.h"
#include "profiler/analysis/hops.h"
#include "profiler/analysis/iteration_history.h"
#include "profiler/analysis/overlap.h"
#include "profiler/analysis/slack.h"
#include "tests/fuzz/fuzz_file.h"
#include "tests/traces/tiny_run.h"
#include "traces/flows.h"
#include "traces/sqlite_file.h"

namespace mk::fuzz {
namespace {

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  template <typename T>
  T take() {
    T value{};
    const std::size_t n = std::min(size_, sizeof value);
    std::memcpy(&value, data_, n);
    data_ += n;
    size_ -= n;
    return value;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

struct Cell {
  std::string table{};
  std::string column{};
};

void run_sql(sqlite3* db, const std::string& sql) {
  // Many edits are refused by the schema; what remains is a file all the same.
  sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
}

// The sound file, and all the columns that it has.
struct Seed {
  std::string bytes{};
  std::vector<Cell> cells{};

  Seed() {
    const std::string path = file_of(nullptr, 0) + "-seed";
    const Trace trace = make_trace(testing::two_iteration_run());
    MK_CHECK(write_trace(trace, path, {.intervals = false, .indexes = false}).has_value(),
             "the seed can be written");
    std::ifstream file(path, std::ios::binary);
    bytes = (std::stringstream() << file.rdbuf()).str();
    sqlite3* db = nullptr;
    MK_CHECK(sqlite3_open(path.c_str(), &db) == SQLITE_OK, "the seed can be opened");
    sqlite3_stmt* rows = nullptr;
    sqlite3_prepare_v2(db,
                       "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c "
                       "WHERE t.type = 'table'",
                       -1, &rows, nullptr);
    while (sqlite3_step(rows) == SQLITE_ROW) {
      cells.push_back({reinterpret_cast<const char*>(sqlite3_column_text(rows, 0)),
                       reinterpret_cast<const char*>(sqlite3_column_text(rows, 1))});
    }
    sqlite3_finalize(rows);
    sqlite3_close(db);
    MK_CHECK(cells.size() > 50, "the tables were found");
  }
};

std::string value(Bytes& input, const Cell& cell) {
  constexpr std::array kLimits = {std::numeric_limits<std::int64_t>::min(),
                                  std::numeric_limits<std::int64_t>::max(),
                                  std::int64_t{1} << 61,
                                  -(std::int64_t{1} << 61),
                                  std::int64_t{0xffffffff},
                                  std::int64_t{0xfffffffe},
                                  std::int64_t{1} << 31,
                                  std::int64_t{255}};
  switch (input.take<std::uint8_t>() % 7) {
    case 0:
      return "NULL";
    case 1:
      return std::to_string(input.take<std::int8_t>());
    case 2:
      return std::to_string(input.take<std::int64_t>());
    case 3:
      return std::to_string(kLimits[input.take<std::uint8_t>() % kLimits.size()]);
    case 4:
      return fmt::format("(SELECT \"{}\" FROM \"{}\" LIMIT 1 OFFSET {})", cell.column, cell.table,
                         input.take<std::uint8_t>() % 16);
    case 5:
      return fmt::format("\"{}\" + {}", cell.column, input.take<std::int16_t>());
    default:
      return fmt::format("'{:x}'", input.take<std::uint16_t>());
  }
}

void edit(sqlite3* db, const std::vector<Cell>& cells, Bytes& input) {
  const Cell& cell = cells[input.take<std::uint8_t>() % cells.size()];
  const std::uint8_t how = input.take<std::uint8_t>();
  // The rows that hold what one row of the table holds.
  const std::string where =
      fmt::format("WHERE \"{0}\" = (SELECT \"{0}\" FROM \"{1}\" LIMIT 1 OFFSET {2})", cell.column,
                  cell.table, how % 16);
  if (how >= 224) return run_sql(db, fmt::format("DELETE FROM \"{}\" {}", cell.table, where));
  run_sql(db, fmt::format("UPDATE \"{}\" SET \"{}\" = {} {}", cell.table, cell.column,
                          value(input, cell), where));
}

void use(const Trace& trace) {
  derive_intervals(cause_input(trace));
  arrows_of(trace);
  analyze(trace);
  bandwidth_over_time(trace, 20);
  iteration_history(trace);
  overlaps(trace);
  imbalances(trace);
  const TraceIndex index(trace);
  const CriticalPath path = critical_path(index);
  Nanoseconds sum = 0;
  for (const PathSegment& segment : path.segments) sum += segment.end - segment.start;
  MK_CHECK(trace.iterations.empty() || sum == trace.makespan(), "segments sum to the makespan");
  slack(index);
  hop_latencies(index);
  static_cast<void>(compare(trace, trace));
}

}  // namespace
}  // namespace mk::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const mk::fuzz::Seed seed;
  const std::string path = mk::fuzz::file_of(
      reinterpret_cast<const std::uint8_t*>(seed.bytes.data()), seed.bytes.size());
  sqlite3* db = nullptr;
  MK_CHECK(sqlite3_open(path.c_str(), &db) == SQLITE_OK, "the seed can be opened");
  mk::fuzz::run_sql(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");
  mk::fuzz::Bytes input(data, size);
  for (int edits = 0; edits < 16 && !input.empty(); ++edits) mk::fuzz::edit(db, seed.cells, input);
  mk::fuzz::run_sql(db, "COMMIT");
  sqlite3_close(db);
  const mk::Result<mk::Trace> trace = mk::read_trace(path);
  if (trace) mk::fuzz::use(*trace);
  return 0;
}
