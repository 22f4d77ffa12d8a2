#include "traces/sqlite_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::two_iteration_run;

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SqliteFile, ReadsBackWhatWasWritten) {
  const TemporaryFolder folder;
  const std::string path = folder / "round_trip.db";
  const Trace written = make_trace(two_iteration_run());
  ASSERT_TRUE(write_trace(written, path).has_value());

  const Result<Trace> read = read_trace(path);

  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->meta, written.meta);
  EXPECT_EQ(read->policy, written.policy);
  EXPECT_EQ(read->roles, written.roles);
  EXPECT_EQ(read->strings, written.strings);
  EXPECT_EQ(read->graphs[0].hash, written.graphs[0].hash);
  EXPECT_EQ(read->graphs[0].info, written.graphs[0].info);
  EXPECT_EQ(read->graphs[0].operators, written.graphs[0].operators);
  EXPECT_EQ(read->graphs[0].classes, written.graphs[0].classes);
  EXPECT_EQ(read->graphs[0].tasks, written.graphs[0].tasks);
  EXPECT_EQ(read->graphs[0].events, written.graphs[0].events);
  EXPECT_EQ(read->iterations[1].state, written.iterations[1].state);
  EXPECT_EQ(read->slices.task, written.slices.task);
  EXPECT_EQ(read->slices.preload, written.slices.preload);
  EXPECT_EQ(read->slices.notified, written.slices.notified);
  EXPECT_EQ(read->requests[0].done, kNotTaken);
}

// Whatever a Trace holds reaches the file and comes back: else the second file would differ.
TEST(SqliteFile, WritesAReadTraceToTheSameBytes) {
  const TemporaryFolder folder;
  const std::string first = folder / "first.db";
  const std::string second = folder / "second.db";
  ASSERT_TRUE(write_trace(two_iteration_run(), first, {.intervals = true}).has_value());
  const Result<Trace> read = read_trace(first);
  ASSERT_TRUE(read.has_value()) << read.error().message;

  ASSERT_TRUE(write_trace(*read, second, {.intervals = true}).has_value());

  EXPECT_EQ(bytes_of(first), bytes_of(second));
}

TEST(SqliteFile, GivesEqualRunsEqualBytes) {
  const TemporaryFolder folder;
  const std::string first = folder / "equal_a.db";
  const std::string second = folder / "equal_b.db";

  ASSERT_TRUE(write_trace(two_iteration_run(), first).has_value());
  ASSERT_TRUE(write_trace(two_iteration_run(), second).has_value());

  EXPECT_EQ(bytes_of(first), bytes_of(second));
}

TEST(SqliteFile, SortsSlicesByLaneAndStart) {
  RunRecord run = two_iteration_run();
  std::reverse(run.tasks.begin(), run.tasks.end());

  const Trace trace = make_trace(run);

  EXPECT_THAT(trace.slices.lane, ElementsAre(0, 0, 0, 0, 1, 1, 1, 1, 2));
  EXPECT_THAT(trace.slices.task, ElementsAre(0, 2, 0, 2, 1, 3, 1, 3, kNoIndex));
}

TEST(SqliteFile, ReplacesAnOlderTrace) {
  const TemporaryFolder folder;
  const std::string path = folder / "replaced.db";
  RunRecord run = two_iteration_run();
  ASSERT_TRUE(write_trace(run, path).has_value());
  run.meta["model"] = "another";

  ASSERT_TRUE(write_trace(run, path).has_value());

  EXPECT_EQ(read_trace(path)->meta.at("model"), "another");
}

TEST(SqliteFile, StoresIntervalsOnlyWhenAsked) {
  const TemporaryFolder folder;
  const std::string with = folder / "with_intervals.db";
  const std::string without = folder / "without_intervals.db";
  ASSERT_TRUE(write_trace(two_iteration_run(), with, {.intervals = true}).has_value());
  ASSERT_TRUE(write_trace(two_iteration_run(), without).has_value());

  const Result<Trace> stored = read_trace(with);
  const Result<Trace> derived = read_trace(without);

  EXPECT_FALSE(stored->intervals.empty());
  EXPECT_TRUE(derived->intervals.empty());
  EXPECT_EQ(intervals_of(*stored).size(), intervals_of(*derived).size());
}

// --- what is refused

std::string error_of(const std::string& path) {
  const Result<Trace> read = read_trace(path);
  return read ? "" : read.error().message;
}

void change(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
}

TEST(SqliteFile, RefusesWhatIsNoTrace) {
  const TemporaryFolder folder;
  const std::string missing = folder / "missing.db";
  const std::string empty = folder / "empty.db";
  const std::string text = folder / "text.db";
  const std::string foreign = folder / "foreign.db";
  std::filesystem::remove(missing);
  std::filesystem::remove(foreign);
  std::ofstream(empty).close();
  std::ofstream(text) << "some text that is longer than the magic of SQLite";
  change(foreign, "CREATE TABLE notes(text)");

  EXPECT_EQ(error_of(missing), missing + ": no such file");
  EXPECT_EQ(error_of(empty), empty + ": the file is empty");
  EXPECT_EQ(error_of(text), text + ": not a trace: it is no SQLite database");
  EXPECT_EQ(error_of(foreign), foreign + ": an SQLite database, but no Megascope trace");
  EXPECT_THAT(error_of(folder.path().string()), HasSubstr("is a folder"));
}

TEST(SqliteFile, RefusesANewerSchemaWithBothNumbers) {
  const TemporaryFolder folder;
  const std::string path = folder / "newer.db";
  ASSERT_TRUE(write_trace(two_iteration_run(), path).has_value());
  change(path, "PRAGMA user_version=7");

  const Result<Trace> read = read_trace(path);

  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(read.error().message, HasSubstr("version 7, this program knows up to 2"));
}

TEST(SqliteFile, RefusesALockedFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "locked.db";
  ASSERT_TRUE(write_trace(two_iteration_run(), path).has_value());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);

  const Result<Trace> read = read_trace(path);
  sqlite3_close(db);

  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kIo);
  EXPECT_THAT(read.error().message, HasSubstr("locked"));
}

struct Edit {
  const char* sql;
  const char* complaint;
};

class HandEdited : public ::testing::TestWithParam<Edit> {};

TEST_P(HandEdited, IsRefusedWithTablePlaceAndReason) {
  const TemporaryFolder folder;
  const std::string path = folder / "edited.db";
  ASSERT_TRUE(write_trace(two_iteration_run(), path, {.intervals = true}).has_value());
  change(path, GetParam().sql);

  EXPECT_THAT(error_of(path), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    SqliteFile, HandEdited,
    ::testing::Values(
        Edit{"UPDATE slice SET lane=9 WHERE id=8", "table slice, row 8: lane = 9, but there are 3"},
        Edit{"UPDATE slice SET task=4 WHERE id=2", "table slice, row 2: task = 4, but there are 4"},
        Edit{"UPDATE slice SET iteration=NULL WHERE id=0", "it has a task but no iteration"},
        Edit{"UPDATE slice SET task=NULL WHERE id=0", "it needs a task or a name"},
        Edit{"UPDATE slice SET end_ns=0 WHERE id=0", "it ends before its start"},
        Edit{"UPDATE slice SET start_ns=0 WHERE id=1", "not in the order of lane and start"},
        Edit{"UPDATE slice SET ready_ns=1<<62 WHERE id=1", "ready_ns = 4611686018427387904"},
        Edit{"UPDATE task SET dependent_event=2 WHERE id=1", "launches the tasks"},
        Edit{"UPDATE task SET triggering_event=1 WHERE id=3", "launches task 2 before it"},
        Edit{"UPDATE task SET kind='magic' WHERE id=3", "kind = 'magic', which is unknown"},
        Edit{"DELETE FROM event WHERE id=2", "triggering_event = 2, but there are 2"},
        Edit{"UPDATE operator SET id=5 WHERE id=1", "is not 1: ids must count up"},
        Edit{"DELETE FROM iteration WHERE id=1", "iteration = 1, but there are 1"},
        Edit{"UPDATE meta SET value='wish' WHERE key='policy'",
             "policy = 'wish', which is unknown"},
        Edit{"DELETE FROM meta WHERE key='workers'", "key 'workers' is missing"},
        Edit{"UPDATE interval SET cause='boredom' WHERE lane=0", "cause = 'boredom'"},
        Edit{"UPDATE counter SET track=17", "track = 17, but there are 2"},
        Edit{"UPDATE task_cost SET coefficient=1<<54 WHERE class=0",
             "class 0 of graph 0 is beyond"},
        Edit{"UPDATE task_cost SET quantity='live_tokens', item=0, coefficient=1<<53, skip=0, "
             "at_most=2 WHERE class=0; UPDATE iteration_request SET new_tokens=2",
             "class 0 of graph 0 is beyond"},
        Edit{"UPDATE task_cost SET quantity='live_tokens', item=0, coefficient=2, skip=0, "
             "at_most=-9223372036854775808",
             "a cost of class"},
        Edit{"UPDATE iteration_request SET context_before=4000000000",
             "context_before = 4000000000"},
        Edit{"DROP TABLE slice", "no such table: slice"}));

}  // namespace
}  // namespace mk
