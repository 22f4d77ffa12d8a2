// traces/FORMAT.md against the schema that files really have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/support/source_dir.h"
#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/schema.h"
#include "traces/sqlite_file.h"
#include "traces/sweep_file.h"

namespace mk {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using Columns = std::vector<std::string>;

std::string first_cell(const std::string& line) {
  const std::size_t end = line.find('|', 1);
  std::string cell = line.substr(1, end - 1);
  cell.erase(0, cell.find_first_not_of(" `"));
  cell.erase(cell.find_last_not_of(" `") + 1);
  return cell;
}

// "### name" starts a table; its columns are the first cells of the rows under "|---".
std::map<std::string, Columns> documented_tables() {
  std::map<std::string, Columns> tables;
  std::ifstream file(source_dir() + "/traces/FORMAT.md");
  std::string table;
  bool in_rows = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) {
      table = line.starts_with("### ") ? line.substr(4) : "";
      in_rows = false;
    } else if (line.starts_with("|---")) {
      in_rows = true;
    } else if (!table.empty() && in_rows && line.starts_with("|")) {
      tables[table].push_back(first_cell(line));
    }
  }
  return tables;
}

// The first cells of the table under one heading.
Columns rows_under(const std::string& heading) {
  Columns rows;
  std::ifstream file(source_dir() + "/traces/FORMAT.md");
  bool under = false;
  bool in_rows = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) under = line == heading;
    if (!line.starts_with("|")) in_rows = false;
    if (under && in_rows) rows.push_back(first_cell(line));
    if (line.starts_with("|---")) in_rows = true;
  }
  return rows;
}

std::vector<std::string> query(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  std::vector<std::string> values;
  const auto collect = [](void* out, int, char** cells, char**) {
    static_cast<std::vector<std::string>*>(out)->emplace_back(cells[0] == nullptr ? "" : cells[0]);
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), collect, &values, nullptr), SQLITE_OK)
      << sql << ": " << sqlite3_errmsg(db);
  sqlite3_close(db);
  return values;
}

TEST(Format, DescribesEveryColumnOfEveryTable) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "run.db";
  ASSERT_TRUE(write_trace(testing::two_iteration_run(), path).has_value());
  std::map<std::string, Columns> real;
  for (const std::string& table :
       query(path, "SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name")) {
    real[table] = query(path, "SELECT name FROM pragma_table_info('" + table + "')");
  }

  EXPECT_EQ(documented_tables(), real);
  EXPECT_THAT(real, SizeIs(21));
}

TEST(Format, DescribesEveryColumnOfTheSweepFile) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "sweep.db";
  ASSERT_TRUE(SweepFile::open(path).has_value());

  EXPECT_EQ(rows_under("#### point"), query(path, "SELECT name FROM pragma_table_info('point')"));
  EXPECT_THAT(rows_under("#### point"), SizeIs(44));
}

TEST(Format, NamesTheVersionOfTheSchema) {
  std::ifstream file(source_dir() + "/traces/FORMAT.md");
  std::string title;
  std::getline(file, title);

  EXPECT_EQ(title, "# The trace file, schema version " + std::to_string(kTraceSchemaVersion));
}

TEST(Format, HasViewsThatAnswer) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "run.db";
  ASSERT_TRUE(write_trace(testing::two_iteration_run(), path).has_value());

  EXPECT_EQ(query(path, "SELECT busy_ns FROM worker_utilisation ORDER BY lane"),
            (Columns{"1380", "1680"}));
  EXPECT_EQ(query(path, "SELECT total_ns FROM operator_time ORDER BY operator"),
            (Columns{"1940", "1120"}));
  EXPECT_EQ(query(path, "SELECT hop_ns FROM hop_latency WHERE iteration=0 ORDER BY task"),
            (Columns{"60", "70", "50", "60"}));
  EXPECT_EQ(query(path, "SELECT gap_ns FROM idle_gaps WHERE lane=0 ORDER BY gap_start_ns"),
            (Columns{"150", "260", "150"}));
}

}  // namespace
}  // namespace mk
