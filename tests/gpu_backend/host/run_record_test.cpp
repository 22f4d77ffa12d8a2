#include <gmock/gmock.h>

#include <map>
#include <utility>

#include "gpu_backend/host/run_on_threads.h"
#include "tests/gpu_backend/host/mixing_program.h"
#include "tests/support/layered_graph.h"

namespace mk {
namespace {

using testing::MixingProgram;

struct Recorded {
  std::shared_ptr<const TaskGraph> graph;
  RunRecord record;
};

Recorded run(PolicyKind kind, std::uint32_t schedulers, const Injections& injections = {},
             std::uint64_t record_rows = 0) {
  const auto graph = std::make_shared<const TaskGraph>(testing::random_graph(11, 100));
  MixingProgram program(*graph, 3);
  HostRunOptions options;
  options.policy.kind = kind;
  options.roles = {2, schedulers};
  options.injections = injections;
  options.record_rows = record_rows;
  Result<RunRecord> record = run_on_threads(graph, program, options);
  EXPECT_TRUE(record.has_value()) << record.error().message;
  return {graph, *std::move(record)};
}

const std::vector<PolicyKind> kKinds = {PolicyKind::kAot, PolicyKind::kJit, PolicyKind::kHybrid,
                                        PolicyKind::kStatic};

TEST(HostRecord, HoldsEachTaskOfEachIterationOnce) {
  for (const PolicyKind kind : kKinds) {
    const Recorded r = run(kind, 1);
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> seen;
    for (const TaskRecord& t : r.record.tasks) ++seen[{t.iteration, t.task}];
    EXPECT_EQ(seen.size(), 3U * r.graph->task_count());
    EXPECT_EQ(r.record.tasks.size(), seen.size());
  }
}

TEST(HostRecord, InstantsOfATaskAreInOrder) {
  for (const PolicyKind kind : kKinds) {
    for (const std::uint32_t schedulers : {0U, 1U}) {
      const Recorded r = run(kind, schedulers);
      for (const TaskRecord& t : r.record.tasks) {
        ASSERT_NE(t.ready, kNotTaken);
        EXPECT_LE(t.ready, t.start);
        EXPECT_LE(t.fetched, t.start);
        EXPECT_LE(t.start, t.end);
        if (t.notified != kNotTaken) {
          EXPECT_LE(t.end, t.notified);
        }
        EXPECT_EQ(t.enqueued == kNotTaken, kind == PolicyKind::kStatic);
        EXPECT_LE(t.enqueued, t.fetched);  // kNotTaken is the smallest
      }
    }
  }
}

// The others go on without a stamp: it would wait for the counter.
TEST(HostRecord, TheArrivalThatActivatesIsStamped) {
  for (const PolicyKind kind : kKinds) {
    const Recorded r = run(kind, 1);
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> stamped;
    for (const TaskRecord& t : r.record.tasks) {
      if (t.notified != kNotTaken) {
        ++stamped[{t.iteration, r.graph->tasks().triggering_event[t.task]}];
      }
    }
    // All events but `begin`, each by one.
    EXPECT_EQ(stamped.size(), 3U * (r.graph->event_count() - 1));
    for (const auto& [event, count] : stamped) EXPECT_EQ(count, 1U);
  }
}

// Two stamps a task at most where it does not wait: it starts where the worker became free.
TEST(HostRecord, ATaskOfAnActiveEventStartsAtOnce) {
  const Recorded r = run(PolicyKind::kStatic, 0);
  const auto& event_of = r.graph->tasks().dependent_event;
  std::map<std::uint32_t, const TaskRecord*> last;  // a lane
  std::uint32_t at_once = 0;
  for (const TaskRecord& t : r.record.tasks) {
    const TaskRecord* before = std::exchange(last[t.lane], &t);
    if (before == nullptr || before->iteration != t.iteration) continue;
    if (before->notified != kNotTaken || event_of[before->task] != event_of[t.task]) continue;
    EXPECT_EQ(before->end, t.start);
    ++at_once;
  }
  EXPECT_GT(at_once, 0U);
}

TEST(HostRecord, EachEventIsActivatedInEachIteration) {
  for (const PolicyKind kind : kKinds) {
    const Recorded r = run(kind, 1);
    std::map<std::pair<std::uint32_t, std::uint32_t>, Nanoseconds> activated;
    for (const ActivationRecord& a : r.record.activations) {
      ASSERT_NE(a.activated, kNotTaken);
      activated[{a.iteration, a.event}] = a.activated;
    }
    EXPECT_EQ(activated.size(), 3U * r.graph->event_count());
  }
}

TEST(HostRecord, IterationsHoldTheirStateAndDoNotOverlap) {
  const Recorded r = run(PolicyKind::kHybrid, 1);
  ASSERT_EQ(r.record.iterations.size(), 3U);
  EXPECT_EQ(r.record.iterations[0].start, 0);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_LT(r.record.iterations[i].start, r.record.iterations[i].end);
    EXPECT_EQ(r.record.iterations[i].state.requests.at(0).context_before, i);
    if (i > 0) {
      EXPECT_LE(r.record.iterations[i - 1].end, r.record.iterations[i].start);
    }
  }
}

TEST(HostRecord, AFullBufferIsCountedInHealth) {
  const Recorded r = run(PolicyKind::kStatic, 0, {}, 10);
  EXPECT_EQ(r.record.tasks.size(), 20U);
  ASSERT_EQ(r.record.health.size(), 2U);
  EXPECT_EQ(r.record.health[0].kind, "records_dropped");
  EXPECT_EQ(r.record.health[0].count + r.record.health[1].count,
            3 * static_cast<std::int64_t>(r.graph->task_count()) - 20);
}

TEST(HostRecord, InjectedDelaysAreSeenBetweenEndAndNotification) {
  Injections injections;
  injections.notify_delay_us = 50;
  const Recorded r = run(PolicyKind::kJit, 0, injections);
  std::uint32_t stamped = 0;
  for (const TaskRecord& t : r.record.tasks) {
    if (t.notified == kNotTaken) continue;
    EXPECT_GE(t.notified - t.end, 49'000);
    ++stamped;
  }
  EXPECT_GT(stamped, 0U);
  EXPECT_EQ(r.record.meta.at("injections"), "notify_delay_us=50");
}

TEST(HostRecord, MetaSaysHowTheRunWasMade) {
  const Recorded r = run(PolicyKind::kHybrid, 1);
  EXPECT_EQ(r.record.meta.at("source"), "host");
  EXPECT_EQ(r.record.meta.at("policy"), "hybrid");
  EXPECT_EQ(r.record.meta.at("workers"), "2");
  EXPECT_EQ(r.record.meta.at("schedulers"), "1");
}

}  // namespace
}  // namespace mk
