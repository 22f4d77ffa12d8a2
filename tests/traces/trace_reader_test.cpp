#include "traces/trace_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

class TwoSteps : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(write_trace(testing::two_iteration_run(), path_, {.intervals = true}).has_value());
  }
  void change(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  const TemporaryFolder folder_{};
  const std::string path_ = folder_ / "run.db";
};

TEST_F(TwoSteps, GiveFirstWhatIsNeededToDraw) {
  const Trace whole = *read_trace(path_);

  const Result<Trace> outline = TraceReader::open(path_)->outline();

  ASSERT_TRUE(outline.has_value()) << outline.error().message;
  EXPECT_EQ(outline->slices.lane, whole.slices.lane);
  EXPECT_EQ(outline->slices.task, whole.slices.task);
  EXPECT_EQ(outline->slices.iteration, whole.slices.iteration);
  EXPECT_EQ(outline->slices.name, whole.slices.name);
  EXPECT_EQ(outline->slices.start, whole.slices.start);
  EXPECT_EQ(outline->slices.end, whole.slices.end);
  EXPECT_THAT(outline->slices.ready, Each(kNotTaken));
  EXPECT_TRUE(outline->activations.empty());
}

TEST_F(TwoSteps, GiveInTheEndWhatOneStepGives) {
  const std::string again = folder_ / "again.db";
  Result<TraceReader> reader = TraceReader::open(path_);
  Result<Trace> trace = reader->outline();

  ASSERT_TRUE(reader->complete(*trace).has_value());

  const Trace whole = *read_trace(path_);
  EXPECT_EQ(trace->slices.ready, whole.slices.ready);
  EXPECT_EQ(trace->slices.bound, whole.slices.bound);
  EXPECT_EQ(trace->activations.size(), whole.activations.size());
  EXPECT_EQ(trace->intervals.size(), whole.intervals.size());
  EXPECT_EQ(trace->counters.size(), whole.counters.size());
}

TEST_F(TwoSteps, SeeTheSameFileEvenIfItIsReplacedInBetween) {
  Result<TraceReader> reader = TraceReader::open(path_);
  Result<Trace> trace = reader->outline();
  RunRecord shorter = testing::two_iteration_run();
  shorter.tasks.resize(1);
  ASSERT_TRUE(write_trace(shorter, path_).has_value());

  EXPECT_TRUE(reader->complete(*trace).has_value());

  EXPECT_EQ(trace->slices.size(), 9U);
}

// What reads ahead must not read what has the name by then.
TEST_F(TwoSteps, SeeTheSameFileEvenIfItIsReplacedBeforeTheFirst) {
  const Trace before = *read_trace(path_);
  Result<TraceReader> reader = TraceReader::open(path_);
  RunRecord other = testing::two_iteration_run();
  for (TaskRecord& task : other.tasks) task.ready = task.start;
  ASSERT_TRUE(write_trace(other, path_).has_value());

  Result<Trace> trace = reader->outline();
  ASSERT_TRUE(reader->complete(*trace).has_value());

  EXPECT_NE(read_trace(path_)->slices.ready, before.slices.ready);
  EXPECT_EQ(trace->slices.ready, before.slices.ready);
}

// In a write-ahead log a writer may come between any two who begin to read.
TEST_F(TwoSteps, SeeOneStateOfAFileThatKeepsALog) {
  const Trace before = *read_trace(path_);
  change("PRAGMA journal_mode=WAL");
  Result<TraceReader> reader = TraceReader::open(path_);
  change("UPDATE slice SET ready_ns=start_ns");

  Result<Trace> trace = reader->outline();
  ASSERT_TRUE(reader->complete(*trace).has_value());

  EXPECT_NE(read_trace(path_)->slices.ready, before.slices.ready);
  EXPECT_EQ(trace->slices.ready, before.slices.ready);
}

// A process that was there before the reader and writes once it is told to.
class OtherProcess {
 public:
  explicit OtherProcess(const std::string& path) {
    EXPECT_EQ(::pipe(pipe_), 0);
    child_ = ::fork();
    if (child_ != 0) return;
    char told = 0;
    sqlite3* db = nullptr;
    if (::read(pipe_[0], &told, 1) != 1) ::_exit(-1);
    sqlite3_open(path.c_str(), &db);
    ::_exit(sqlite3_exec(db, "UPDATE slice SET ready_ns=0", nullptr, nullptr, nullptr));
  }
  // What SQLite says to it.
  int write() {
    int status = 0;
    EXPECT_EQ(::write(pipe_[1], "x", 1), 1);
    EXPECT_EQ(::waitpid(child_, &status, 0), child_);
    return WEXITSTATUS(status);
  }

 private:
  int pipe_[2] = {};
  pid_t child_ = 0;
};

// A process loses its locks on a file whenever it closes it, also if it opened it twice.
TEST_F(TwoSteps, KeepOtherProcessesFromWritingInBetween) {
  OtherProcess other(path_);
  Result<TraceReader> reader = TraceReader::open(path_);
  ASSERT_TRUE(reader->outline().has_value());

  EXPECT_EQ(other.write(), SQLITE_BUSY);
}

TEST_F(TwoSteps, NameThePlaceInEitherStep) {
  change("UPDATE slice SET ready_ns=1<<62 WHERE id=1");
  Result<TraceReader> reader = TraceReader::open(path_);
  Result<Trace> trace = reader->outline();
  ASSERT_TRUE(trace.has_value());

  const Status status = reader->complete(*trace);

  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("run.db: table slice, row 1: ready_ns = "));
}

// Version 1 had neither of these tables.
TEST_F(TwoSteps, OpenASchemaOfVersionOne) {
  change("DROP VIEW slice_detail; DROP TABLE flow; DROP TABLE detail; PRAGMA user_version=1");

  const Result<Trace> trace = read_trace(path_);

  ASSERT_TRUE(trace.has_value()) << trace.error().message;
  EXPECT_EQ(trace->slices.size(), 9U);
}

// One lane of `count` spans, an hour apart.
Trace long_trace(std::size_t count) {
  constexpr Nanoseconds kHour = 3'600'000'000'000;
  Trace trace = make_trace(testing::two_iteration_run());
  SliceColumns& s = trace.slices;
  s = {};
  s.resize(count);
  for (std::size_t k = 0; k < count; ++k) {
    s.lane[k] = 0;
    s.name[k] = 0;
    s.start.set(k, static_cast<Nanoseconds>(k) * kHour);
    s.end.set(k, static_cast<Nanoseconds>(k) * kHour + 1);
  }
  return trace;
}

TEST_F(TwoSteps, GiveBackInstantsThatAreHoursApart) {
  const Trace trace = long_trace(1000);
  ASSERT_TRUE(write_trace(trace, path_).has_value());

  const Result<Trace> read = read_trace(path_);

  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->slices.start, trace.slices.start);
  EXPECT_EQ(read->slices.end, trace.slices.end);
}

TEST_F(TwoSteps, SayHowFarTheyAre) {
  ASSERT_TRUE(write_trace(long_trace(70'000), path_).has_value());
  Result<TraceReader> reader = TraceReader::open(path_);
  std::vector<double> parts;
  reader->set_progress([&](double part) {
    parts.push_back(part);
    return true;
  });

  ASSERT_TRUE(reader->outline().has_value());

  ASSERT_GE(parts.size(), 4U);
  EXPECT_TRUE(std::is_sorted(parts.begin(), parts.end()));
  EXPECT_GT(parts.front(), 0);
  EXPECT_LE(parts.back(), 1);
}

TEST_F(TwoSteps, EndWhereNobodyWantsThemAnyMore) {
  ASSERT_TRUE(write_trace(long_trace(70'000), path_).has_value());
  Result<TraceReader> reader = TraceReader::open(path_);
  reader->set_progress([](double part) { return part < 0.5; });

  const Result<Trace> outline = reader->outline();

  ASSERT_FALSE(outline.has_value());
  EXPECT_EQ(outline.error().code, ErrorCode::kStuck);
  EXPECT_THAT(outline.error().message, HasSubstr("run.db: interrupted"));
}

TEST_F(TwoSteps, EndInTheSecondWhereNobodyWantsItAnyMore) {
  ASSERT_TRUE(write_trace(long_trace(70'000), path_).has_value());
  Result<TraceReader> reader = TraceReader::open(path_);
  Result<Trace> trace = reader->outline();
  reader->set_progress([](double) { return false; });

  const Status status = reader->complete(*trace);

  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kStuck);
  EXPECT_THAT(status.error().message, HasSubstr("run.db: interrupted"));
}

TEST_F(TwoSteps, SayHowFarTheSecondIsUntilItIsDone) {
  ASSERT_TRUE(write_trace(long_trace(70'000), path_).has_value());
  Result<TraceReader> reader = TraceReader::open(path_);
  Result<Trace> trace = reader->outline();
  std::vector<double> parts;
  reader->set_progress([&](double part) {
    parts.push_back(part);
    return true;
  });

  ASSERT_TRUE(reader->complete(*trace).has_value());

  ASSERT_FALSE(parts.empty());
  EXPECT_TRUE(std::is_sorted(parts.begin(), parts.end()));
  EXPECT_EQ(parts.back(), 1);
}

TEST_F(TwoSteps, MayBeBrokenOffBetweenThem) {
  ASSERT_TRUE(write_trace(long_trace(70'000), path_).has_value());

  for (int k = 0; k < 10; ++k) EXPECT_TRUE(TraceReader::open(path_)->outline().has_value());
}

}  // namespace
}  // namespace mk
