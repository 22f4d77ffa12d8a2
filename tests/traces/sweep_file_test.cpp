// The sweep file: rows come back as they were stored, whoever else wants the file is refused by
// name, and a killed owner loses only what was not flushed.
#include "traces/sweep_file.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "core/check.h"
#include "tests/traces/temporary_folder.h"

namespace mk {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SweepRow row_of(std::uint64_t workers, double iteration_us) {
  SweepRow row;
  row.point.model = "tiny";
  row.point.workers = workers;
  row.point.what_if = "memory.latency=0.4";
  row.inputs = {"m", "n", "s"};
  row.result.iteration_us = iteration_us;
  row.result.tasks_simulated = 7;
  return row;
}

SweepFile must_open(const std::string& path) {
  Result<SweepFile> file = SweepFile::open(path);
  MK_CHECK(file.has_value(), "the test's file opens");
  return std::move(*file);
}

void set_version(const std::string& path, int version) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  const std::string sql = "PRAGMA user_version=" + std::to_string(version);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
}

TEST(SweepFile, GivesBackItsRowsInKeyOrderToTheLastBit) {
  const testing::TemporaryFolder folder;
  const SweepRow large = row_of(100, 1.0 / 3);
  const SweepRow small = row_of(96, 2.0 / 3);
  {
    SweepFile file = must_open(folder / "a.db");
    ASSERT_TRUE(file.store(large) && file.store(small));
  }

  EXPECT_THAT(must_open(folder / "a.db").rows().value(), ElementsAre(small, large));
}

TEST(SweepFile, ReplacesTheRowOfTheSamePoint) {
  const testing::TemporaryFolder folder;
  SweepFile file = must_open(folder / "a.db");
  ASSERT_TRUE(file.store(row_of(96, 1)) && file.store(row_of(96, 2)));

  EXPECT_THAT(file.rows().value(), ElementsAre(row_of(96, 2)));
}

TEST(SweepFile, IsRefusedByNameWhileAnotherRunOwnsIt) {
  const testing::TemporaryFolder folder;
  const SweepFile owner = must_open(folder / "a.db");

  const Result<SweepFile> other = SweepFile::open(folder / "a.db");

  ASSERT_FALSE(other.has_value());
  EXPECT_THAT(other.error().message, AllOf(HasSubstr("a.db"), HasSubstr("another program")));
}

TEST(SweepFile, OfAnotherVersionIsRefusedWithBothNumbers) {
  const testing::TemporaryFolder folder;
  { const SweepFile made = must_open(folder / "a.db"); }
  set_version(folder / "a.db", 41);

  const Result<SweepFile> other = SweepFile::open(folder / "a.db");

  ASSERT_FALSE(other.has_value());
  EXPECT_THAT(other.error().message, AllOf(HasSubstr("a.db"), HasSubstr("41"), HasSubstr("1")));
}

TEST(SweepFile, RefusesWhatIsNoSweepFile) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "text.db") << std::string(2000, 'x');

  const Result<SweepFile> file = SweepFile::open(folder / "text.db");

  ASSERT_FALSE(file.has_value());
  EXPECT_THAT(file.error().message, HasSubstr("text.db"));
}

TEST(SweepFile, SaysWhatToDoAboutADamagedOne) {
  const testing::TemporaryFolder folder;
  {
    SweepFile file = must_open(folder / "a.db");
    for (std::uint32_t workers = 1; workers < 400; ++workers)
      ASSERT_TRUE(file.store(row_of(workers, 1)).has_value());
  }
  std::fstream bytes(folder / "a.db", std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(3 * 4096);
  bytes << std::string(4 * 4096, '\xff');
  bytes.close();

  const Result<std::vector<SweepRow>> rows = must_open(folder / "a.db").rows();

  ASSERT_FALSE(rows.has_value());
  EXPECT_THAT(rows.error().message, HasSubstr("remove it, and its points are computed again"));
}

TEST(SweepFile, KeepsWhatAKilledOwnerHadFlushed) {
  const testing::TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    SweepFile file = must_open(folder / "a.db");
    if (file.store(row_of(96, 1)) && file.flush() && file.store(row_of(97, 1))) raise(SIGKILL);
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  EXPECT_THAT(must_open(folder / "a.db").rows().value(), ElementsAre(row_of(96, 1)));
}

}  // namespace
}  // namespace mk
