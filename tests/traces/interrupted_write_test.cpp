// A writer that dies or has no space leaves nothing under the final name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

// Large enough that it cannot be written at once.
RunRecord large_run() {
  RunRecord run = testing::two_iteration_run();
  const TaskRecord first = run.tasks.front();
  for (int i = 0; i < 200000; ++i) run.tasks.push_back(first);
  return run;
}

// Writes in a child under `limit_bytes` of file size; its exit status says what write_trace said.
int write_in_child(const std::string& path, rlim_t limit_bytes, bool ignore_signal) {
  const RunRecord run = large_run();
  const pid_t child = ::fork();
  if (child == 0) {
    if (ignore_signal) ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{limit_bytes, limit_bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const Status status = write_trace(run, path);
    ::_exit(status ? 0 : status.error().code == ErrorCode::kIo ? 1 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(InterruptedWrite, LeavesNothingWhenThereIsNoSpace) {
  const TemporaryFolder folder;

  EXPECT_EQ(write_in_child(folder / "run.db", 300000, true), 1);

  EXPECT_TRUE(folder.is_empty());
}

TEST(InterruptedWrite, LeavesNothingUnderTheFinalNameWhenKilled) {
  const TemporaryFolder folder;

  // The signal of the limit kills the writer in the middle of its work.
  EXPECT_EQ(write_in_child(folder / "run.db", 300000, false), -SIGXFSZ);

  EXPECT_FALSE(std::filesystem::exists(folder / "run.db"));
  EXPECT_FALSE(folder.is_empty());
}

TEST(InterruptedWrite, KeepsTheOldTraceWhenThereIsNoSpaceForTheNew) {
  const TemporaryFolder folder;
  const std::string path = folder / "run.db";
  ASSERT_TRUE(write_trace(testing::two_iteration_run(), path).has_value());

  EXPECT_EQ(write_in_child(path, 300000, true), 1);

  EXPECT_TRUE(read_trace(path).has_value());
}

TEST(InterruptedWrite, NamesAFolderThatIsNotThere) {
  const TemporaryFolder folder;

  const Status status = write_trace(testing::two_iteration_run(), folder / "no/run.db");

  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_THAT(status.error().message, HasSubstr("no/run.db: cannot open"));
}

// Renaming over it would replace the device itself.
TEST(InterruptedWrite, LeavesADeviceAlone) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("/dev/full", folder.path() / "full");

  const Status status = write_trace(testing::two_iteration_run(), folder / "full");

  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("full: is there already, and no ordinary file"));
}

}  // namespace
}  // namespace mk
