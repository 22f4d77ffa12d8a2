// Raw runs, whole and damaged.
#include "gpu_backend/host/raw_run.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "tests/gpu_backend/host/raw_sample.h"
#include "tests/traces/temporary_folder.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::raw_sample;
using testing::TemporaryFolder;

constexpr std::size_t kEndBytes = 16;

std::string written(const RawRun& run) {
  const TemporaryFolder folder;
  const std::string path = folder / "run.raw";
  EXPECT_TRUE(write_raw_run(run, path).has_value());
  EXPECT_TRUE(is_raw_run_file(path));
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Result<RunRecord> read(const std::string& bytes) {
  const TemporaryFolder folder;
  const std::string path = folder / "run.raw";
  std::ofstream(path, std::ios::binary) << bytes;
  return read_raw_run(path);
}

RunRecord record_of(const RawRun& run) {
  Result<RunRecord> record = read(written(run));
  EXPECT_TRUE(record.has_value()) << record.error().message;
  return record ? *std::move(record) : RunRecord{};
}

std::vector<std::pair<std::string, std::int64_t>> health(const RunRecord& record) {
  std::vector<std::pair<std::string, std::int64_t>> rows;
  for (const HealthRecord& h : record.health) rows.emplace_back(h.kind, h.count);
  return rows;
}

std::vector<Nanoseconds> instants(const RunRecord& record) {
  std::vector<Nanoseconds> all;
  for (const TaskRecord& t : record.tasks) {
    all.insert(all.end(), {t.enqueued, t.fetched, t.ready, t.start, t.end, t.notified});
  }
  for (const ActivationRecord& a : record.activations) {
    all.insert(all.end(), {a.activated, a.dequeued, a.launched});
  }
  return all;
}

using Row = std::pair<std::string, std::int64_t>;

// The row of task `task` of iteration 0, to be damaged.
TaskRow changed(TaskRow row, std::uint64_t protocol::TaskStamps::*instant, std::uint64_t to) {
  row.stamps.*instant = to;
  return row;
}

// The sample with the first row of worker 0 as `change` makes it.
template <class Change>
RawRun with_first_row(Change&& change) {
  RawRun run = raw_sample();
  LaneBuffers& lane = run.rows.lanes[0];
  std::vector<TaskRow> rows(lane.tasks.rows().begin(), lane.tasks.rows().end());
  rows[0] = change(rows[0]);
  lane.tasks.reserve(rows.size());
  for (const TaskRow& row : rows) lane.tasks.add(row);
  return run;
}

TEST(RawRun, ReadsBackAsTheRecordOfTheRun) {
  const RunRecord record = record_of(raw_sample());

  EXPECT_THAT(record.health, IsEmpty());
  ASSERT_EQ(record.tasks.size(), 8U);
  EXPECT_EQ(record.tasks[0].start, 60);
  EXPECT_EQ(record.tasks[0].enqueued, 40);
  EXPECT_EQ(record.tasks[1].ready, 400);  // task 2, once task 1 has notified
  ASSERT_EQ(record.iterations.size(), 2U);
  EXPECT_EQ(record.iterations[1].start, 1100);
  EXPECT_EQ(record.iterations[1].state.requests[0].context_before, 5U);
  EXPECT_EQ(record.lanes[1].sm, 6U);
  EXPECT_EQ(record.meta.at("gpu"), "test");
  EXPECT_EQ(record.policy.kind, PolicyKind::kAot);
  EXPECT_EQ(record.graphs[0]->hash(), raw_sample().graph->hash());
}

TEST(RawRun, SetsA32BitClockRightAndCountsIt) {
  // The clock's lower half comes round between the two iterations.
  constexpr std::uint64_t kZero = (std::uint64_t{5} << 32) - 1050;
  const RunRecord whole = record_of(raw_sample(kZero));
  RawRun halves = raw_sample(kZero);
  const auto cut = [](std::uint64_t& instant) { instant &= 0xffffffffU; };
  for (LaneBuffers& lane : halves.rows.lanes) {
    std::vector<TaskRow> tasks(lane.tasks.rows().begin(), lane.tasks.rows().end());
    lane.tasks.reserve(tasks.size());
    for (TaskRow& t : tasks) {
      for (std::uint64_t* i :
           {&t.stamps.fetched, &t.stamps.start, &t.stamps.end, &t.stamps.notified}) {
        cut(*i);
      }
      lane.tasks.add(t);
    }
  }

  const RunRecord record = record_of(halves);

  EXPECT_EQ(instants(record), instants(whole));
  EXPECT_THAT(health(record), ElementsAre(Row("clock_wrapped", 8 * 4)));
}

TEST(RawRun, CountsWhatTheRecorderDropped) {
  RawRun run = raw_sample();
  run.rows.lanes[1].tasks.add({{3, 1}, {}, false});  // does not fit any more
  run.rows.lanes[1].tasks.add({{3, 1}, {}, false});

  EXPECT_THAT(health(record_of(run)), ElementsAre(Row("records_dropped", 2)));
}

TEST(RawRun, LeavesOutARowThatWasBegunAndNotEnded) {
  const RunRecord record = record_of(with_first_row(
      [](const TaskRow& row) { return changed(row, &protocol::TaskStamps::notified, 0); }));

  EXPECT_EQ(record.tasks.size(), 7U);
  EXPECT_THAT(health(record), ElementsAre(Row("half_written", 1)));
}

TEST(RawRun, LeavesOutRowsThatRunBackwardsOrOverlap) {
  const RunRecord backwards = record_of(with_first_row([](const TaskRow& row) {
    return changed(row, &protocol::TaskStamps::start, row.stamps.end + 1);
  }));
  EXPECT_EQ(backwards.tasks.size(), 7U);
  EXPECT_THAT(health(backwards), ElementsAre(Row("out_of_order", 1)));

  // Ends within the next task of its lane, which goes.
  const RunRecord overlapping = record_of(with_first_row([](TaskRow row) {
    row.stamps.end += 200;
    row.stamps.notified += 200;
    return row;
  }));
  EXPECT_EQ(overlapping.tasks.size(), 7U);
  EXPECT_THAT(health(overlapping), ElementsAre(Row("out_of_order", 1)));
}

TEST(RawRun, LeavesOutRowsOfTasksAndIterationsThatAreNotThere) {
  const RunRecord record = record_of(with_first_row([](TaskRow row) {
    row.task.id = 1000;
    return row;
  }));
  EXPECT_EQ(record.tasks.size(), 7U);
  EXPECT_THAT(health(record), ElementsAre(Row("out_of_range", 1)));
}

TEST(RawRun, OfAFileThatEndsEarlyKeepsWhatIsWhole) {
  const std::string bytes = written(raw_sample());
  // The last lane's two dispatches go, and half an enqueue before them.
  const std::size_t cut = kEndBytes + 2 * sizeof(RawDispatch) + sizeof(RawEnqueue) / 2;
  const Result<RunRecord> record = read(bytes.substr(0, bytes.size() - cut));

  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_EQ(record->tasks.size(), 8U);
  EXPECT_THAT(health(*record), ElementsAre(Row("half_written", 3)));
}

TEST(RawRun, CutAnywhereIsARecordThatSaysSoOrARefusal) {
  const std::string bytes = written(raw_sample());
  std::size_t records = 0;
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    const Result<RunRecord> record = read(bytes.substr(0, size));
    if (!record) {
      EXPECT_EQ(record.error().code, ErrorCode::kInvalidInput);
      continue;
    }
    ++records;
    ASSERT_THAT(record->health, ::testing::Not(IsEmpty())) << size;
    EXPECT_EQ(record->health[0].kind, "half_written");
  }
  EXPECT_GT(records, 50U);
}

TEST(RawRun, SaysThatABitWasFlippedBehindItsHeader) {
  std::string bytes = written(raw_sample());
  bytes[bytes.size() - kEndBytes - 3] ^= 1;

  const Result<RunRecord> record = read(bytes);
  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_THAT(health(*record), ::testing::Contains(Row("checksum", 1)));
}

TEST(RawRun, RefusesADamagedHeaderGraphOrAnotherVersion) {
  const std::string bytes = written(raw_sample());
  std::string header = bytes;
  header[30] = '\x01';
  EXPECT_THAT(read(header).error().message, HasSubstr("header: "));

  std::string graph = bytes;
  graph[graph.find("MKGRAPH") + 40] ^= 1;
  EXPECT_THAT(read(graph).error().message, HasSubstr("graph: "));

  std::string newer = bytes;
  newer[8] = 9;
  EXPECT_EQ(read(newer).error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(read(newer).error().message, HasSubstr("version 9"));
  EXPECT_THAT(read("something else").error().message, HasSubstr("no raw run"));
}

}  // namespace
}  // namespace mk
