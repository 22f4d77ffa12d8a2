// The recipes of traces/README.md run, and answer for a run that was counted by hand: trace + query
// + expected rows (recipes.expected). So they do for the samples of traces/samples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/golden/golden.h"
#include "tests/support/source_dir.h"
#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

std::string source(const std::string& path) { return source_dir() + path; }

std::vector<std::string> recipes() {
  std::vector<std::string> found;
  std::ifstream readme(source("/traces/README.md"));
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("```")) {
      inside = line == "```sql";
      if (inside) found.emplace_back();
    } else if (inside) {
      found.back() += line + "\n";
    }
  }
  return found;
}

constexpr std::size_t kAllRows = ~std::size_t{0};

// The query, then at most so many of its rows as CSV with a header, then how many more there were.
std::string answer(sqlite3* db, const std::string& query, std::size_t most_rows) {
  std::string text = query;
  bool has_header = false;
  sqlite3_stmt* raw = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(db, query.c_str(), -1, &raw, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  const auto line = [&](const auto& cell) {
    for (int i = 0; i < sqlite3_column_count(raw); ++i) {
      text += (i == 0 ? "" : ",") + std::string(cell(i));
    }
    text += "\n";
  };
  std::size_t rows = 0;
  while (sqlite3_step(raw) == SQLITE_ROW) {
    if (++rows > most_rows) continue;
    if (!has_header) line([&](int i) { return sqlite3_column_name(raw, i); });
    has_header = true;
    line([&](int i) {
      const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(raw, i));
      return value == nullptr ? "" : value;
    });
  }
  sqlite3_finalize(raw);
  if (rows > most_rows) text += "and " + std::to_string(rows - most_rows) + " more\n";
  return text;
}

// Besides what two_iteration_run() says: the span "launch" [1000, 1010) launched "prepare", whose
// grid is known.
Trace run_with_a_launch() {
  RunRecord run = testing::two_iteration_run();
  run.span_names.push_back("launch");
  run.spans.push_back({2, 1, 1000, 1010, std::nullopt});
  Trace trace = make_trace(run);
  const auto strings = static_cast<std::uint32_t>(trace.strings.size());
  trace.strings.insert(trace.strings.end(), {"grid", "132x1x1"});
  trace.flows.push_back({8, 9});
  trace.details.push_back({9, strings, strings + 1});
  return trace;
}

// What all recipes say of the file.
std::string answers(const std::string& path, std::size_t most_rows) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  std::string text;
  for (const std::string& recipe : recipes()) text += answer(db, recipe, most_rows) + "\n";
  sqlite3_close(db);
  return text;
}

TEST(Recipes, GiveTheExpectedRows) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "run.db";
  ASSERT_TRUE(write_trace(run_with_a_launch(), path).has_value());

  std::ifstream file(source("/tests/traces/recipes.expected"));
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(answers(path, kAllRows), expected.str());
}

std::vector<std::string> samples() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(source("/traces/samples"))) {
    if (entry.path().extension() == ".db") names.push_back(entry.path().stem());
  }
  return names;
}

// Files as they were written once: whatever changes here since, they open and say the same.
class Samples : public ::testing::TestWithParam<std::string> {};

TEST_P(Samples, OpenAndAnswerTheRecipesAsOnTheDayTheyWereWritten) {
  const std::string path = source("/traces/samples/" + GetParam() + ".db");

  const Result<Trace> trace = read_trace(path);
  ASSERT_TRUE(trace.has_value()) << trace.error().message;
  EXPECT_GT(trace->slices.size(), 0U);
  testing::expect_golden(answers(path, 8), "samples/" + GetParam() + ".txt");
}

INSTANTIATE_TEST_SUITE_P(Traces, Samples, ::testing::ValuesIn(samples()),
                         [](const auto& sample) { return sample.param; });

}  // namespace
}  // namespace mk
