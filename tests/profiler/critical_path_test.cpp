#include "profiler/analysis/critical_path.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/traces/tiny_run.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::two_iteration_run;

// "task held by, let go at" of each link, times from the begin of iteration 0.
std::vector<std::string> chain(const RunRecord& run, std::uint32_t task) {
  const Trace trace = make_trace(run);
  const Result<std::vector<ChainLink>> links = explain(TraceIndex(trace), 0, task);
  EXPECT_TRUE(links.has_value());
  std::vector<std::string> lines;
  for (const ChainLink& link : links.value()) {
    lines.push_back(fmt::format("{} {} {}", link.task, name_of(link.held_by), link.released - 100));
  }
  return lines;
}

TEST(Explain, GoesBackToTheLastProducerAndToBegin) {
  EXPECT_THAT(chain(two_iteration_run(), 2), ElementsAre("2 producer 400", "1 begin 0"));
}

TEST(Explain, BlamesTheWorkerThatWasNotFree) {
  RunRecord run = two_iteration_run();
  run.tasks[0].end = 100 + 420;  // task 0, before task 2 on lane 0
  run.tasks[0].notified = 100 + 430;
  run.tasks[2].ready = 100 + 400;  // as recorded

  EXPECT_THAT(chain(run, 2), ElementsAre("2 worker 430", "0 begin 0"));
}

TEST(Explain, GoesThroughTheEventWhenTheSchedulerWasLate) {
  RunRecord run = two_iteration_run();
  run.tasks[2].enqueued = 100 + 445;

  EXPECT_THAT(chain(run, 2), ElementsAre("2 producer 400", "1 begin 0"));
}

TEST(Explain, EndsWhereNothingWasRecorded) {
  RunRecord run = two_iteration_run();
  run.activations.clear();
  for (TaskRecord& t : run.tasks) t.ready = t.notified = kNotTaken;

  EXPECT_THAT(chain(run, 2), ElementsAre("2 unknown 450"));
}

TEST(Explain, NamesWhatIsNotThere) {
  RunRecord run = two_iteration_run();
  run.tasks.erase(run.tasks.begin());
  const Trace trace = make_trace(run);
  const TraceIndex index(trace);

  EXPECT_THAT(explain(index, 2, 0).error().message, HasSubstr("no iteration 2: the trace has 2"));
  EXPECT_THAT(explain(index, 0, 9).error().message, HasSubstr("no task 9: the graph has 4"));
  EXPECT_THAT(explain(index, 0, 0).error().message,
              HasSubstr("no record of task 0 (L0.qkv[0]) in iteration 0"));
}

// From the event's activation on: the scheduler's store, a page, and then the worker's own part.
TEST(Explain, SaysWhatCameBetweenTheEventAndTheStart) {
  RunRecord run = two_iteration_run();
  run.tasks[2].enqueued = 100 + 420;
  run.tasks[2].page = 100 + 435;
  const Trace trace = make_trace(run);
  const auto links = explain(TraceIndex(trace), 0, 2);
  ASSERT_TRUE(links);

  std::vector<std::string> lines;
  for (const PathSegment& w : waits_of(trace, links->front()))
    lines.push_back(fmt::format("{} {} {}", facts(w.cause).name, w.start - 100, w.end - 100));

  EXPECT_THAT(lines,
              ElementsAre("wait_scheduler 400 420", "wait_page 420 435", "wait_poll 435 450"));
}

TEST(FindTask, TakesNumbersAndNames) {
  const Trace trace = make_trace(two_iteration_run());

  EXPECT_EQ(find_task(trace.graphs[0], "3"), 3U);
  EXPECT_EQ(find_task(trace.graphs[0], "L0.down[1]"), 3U);
  EXPECT_THAT(find_task(trace.graphs[0], "4").error().message,
              HasSubstr("no task '4': the graph's tasks are 0 (L0.qkv[0]) .. 3 (L0.down[1])"));
}

TEST(CriticalPath, IsTheChainOfTheTaskThatEndedTheIteration) {
  const Trace trace = make_trace(two_iteration_run());

  const CriticalPath path = critical_path(TraceIndex(trace));

  std::vector<std::string> lines;
  for (const PathSegment& s : path.segments) {
    if (s.start >= 1200) break;
    lines.push_back(fmt::format("{} {} {}", facts(s.cause).name, s.start, s.end));
  }
  EXPECT_THAT(lines,
              ElementsAre("iteration_boundary 100 150", "wait_poll 150 170", "execute 170 490",
                          "notify 490 500", "wait_poll 500 560", "execute 560 1080",
                          "notify 1080 1100", "iteration_boundary 1100 1200"));
  EXPECT_EQ(path.operators[0].name, "down");
  EXPECT_DOUBLE_EQ(path.operators[0].time_us, 2 * 0.600);
}

TEST(CriticalPath, TilesTheMakespanWhateverWasRecorded) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    RunRecord run = two_iteration_run();
    for (TaskRecord& t : run.tasks) {
      for (Nanoseconds* at : {&t.enqueued, &t.ready, &t.page, &t.start, &t.end, &t.notified}) {
        *at = static_cast<Nanoseconds>(random() % 2400);
        if (at != &t.start && at != &t.end && random() % 4 == 0) *at = kNotTaken;
      }
      if (t.end < t.start) std::swap(t.start, t.end);
    }
    const Trace trace = make_trace(run);

    Nanoseconds cursor = 100;
    for (const PathSegment& s : critical_path(TraceIndex(trace)).segments) {
      ASSERT_EQ(s.start, cursor) << "round " << round;
      ASSERT_LT(s.start, s.end);
      cursor = s.end;
    }
    ASSERT_EQ(cursor, 2200) << "round " << round;
  }
}

}  // namespace
}  // namespace mk
