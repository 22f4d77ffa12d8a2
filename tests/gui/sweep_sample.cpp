#include "tests/gui/sweep_sample.h"

#include <sqlite3.h>

#include "core/check.h"

namespace mk::testing {

void write_sweep_sample(const std::string& path) {
  sqlite3* database = nullptr;
  MK_CHECK(sqlite3_open(path.c_str(), &database) == SQLITE_OK, "a sample can be written");
  const char* sql = R"(
    PRAGMA application_id = 1296782167;
    PRAGMA user_version = 1;
    CREATE TABLE point(model TEXT, machine TEXT, policy TEXT, placement TEXT, workers INTEGER,
      schedulers INTEGER, context INTEGER, seed INTEGER, iteration_us REAL, refused TEXT);
    INSERT INTO point VALUES
      ('qwen3-8b', 'h100-sxm', 'hybrid', 'round-robin', 96, 0, 1024, 1, 140, ''),
      ('qwen3-8b', 'h100-sxm', 'hybrid', 'round-robin', 128, 0, 1024, 1, 120, ''),
      ('qwen3-8b', 'h100-sxm', 'hybrid', 'round-robin', 128, 16, 1024, 1, 100, ''),
      ('qwen3-8b', 'h100-sxm', 'jit', 'round-robin', 128, 16, 1024, 1, 90, ''),
      ('qwen3-8b', 'h100-sxm', 'hybrid', 'round-robin', 400, 16, 1024, 1, 0, 'too many');
  )";
  const int code = sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  sqlite3_close(database);
  MK_CHECK(code == SQLITE_OK, "the sample's SQL is right");
}

}  // namespace mk::testing
