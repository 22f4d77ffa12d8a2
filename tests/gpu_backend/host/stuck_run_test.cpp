#include <fmt/format.h>
#include <gmock/gmock.h>

#include "gpu_backend/host/run_on_threads.h"
#include "tests/gpu_backend/host/mixing_program.h"
#include "tests/support/layered_graph.h"

namespace mk {
namespace {

using ::testing::HasSubstr;
using testing::MixingProgram;

std::shared_ptr<const TaskGraph> small_graph() {
  return std::make_shared<const TaskGraph>(
      testing::grouped_graph({.operators = 3, .tasks = 16, .label = LaunchLabel::kJit}));
}

HostRunOptions stuck_options(PolicyKind kind, std::uint32_t schedulers) {
  HostRunOptions options;
  options.policy.kind = kind;
  options.roles = {2, schedulers};
  options.deadline_seconds = 0.2;
  options.injections.lost_notify = 3;
  return options;
}

TEST(StuckRun, EndsWithTheEventThatNeverCame) {
  for (const PolicyKind kind :
       {PolicyKind::kAot, PolicyKind::kJit, PolicyKind::kHybrid, PolicyKind::kStatic}) {
    for (const std::uint32_t schedulers : {0U, 1U}) {
      const auto graph = small_graph();
      MixingProgram program(*graph, 5);

      const Result<RunRecord> record =
          run_on_threads(graph, program, stuck_options(kind, schedulers));

      ASSERT_FALSE(record.has_value());
      EXPECT_EQ(record.error().code, ErrorCode::kStuck);
      const std::uint32_t event = graph->tasks().triggering_event[3];
      EXPECT_THAT(record.error().message,
                  HasSubstr(fmt::format("event {} should have come: 7 of 8 notifications", event)));
    }
  }
}

TEST(StuckRun, SaysWhatEachLaneWaitsFor) {
  const auto graph = small_graph();
  MixingProgram program(*graph, 5);

  const Result<RunRecord> record =
      run_on_threads(graph, program, stuck_options(PolicyKind::kAot, 1));

  ASSERT_FALSE(record.has_value());
  EXPECT_THAT(record.error().message, HasSubstr("nothing moved for 0.2 s in iteration 0"));
  EXPECT_THAT(record.error().message, HasSubstr("worker 0: waits with task"));
  EXPECT_THAT(record.error().message, HasSubstr("scheduler 0: idle, its queue is empty"));
}

TEST(StuckRun, IsNotDeclaredWhileSomebodyWorks) {
  // One worker executes for longer than the deadline, in bodies shorter than it; the other idles.
  const auto graph = small_graph();
  struct Slow {
    bool prepare(std::uint32_t iteration, IterationState&) { return iteration < 1; }
    void execute(std::uint32_t, std::uint32_t, std::uint32_t) {
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
      while (std::chrono::steady_clock::now() < until) {
      }
    }
  } program;
  HostRunOptions options = stuck_options(PolicyKind::kStatic, 0);
  options.injections.lost_notify.reset();
  options.deadline_seconds = 0.7;
  options.task_us.assign(graph->task_count(), 0.0);  // all on worker 0
  options.policy.placement = Placement::kLongestFirst;

  EXPECT_TRUE(run_on_threads(graph, program, options).has_value());
}

TEST(FullQueue, EndsTheRunAndIsNamed) {
  const auto graph = std::make_shared<const TaskGraph>(
      testing::grouped_graph({.operators = 4, .tasks = 64, .label = LaunchLabel::kJit}));
  for (const std::uint32_t schedulers : {0U, 1U}) {
    MixingProgram program(*graph, 2);
    HostRunOptions options;
    options.policy.kind = PolicyKind::kAot;
    options.roles = {2, schedulers};
    options.queue_capacity = 4;

    const Result<RunRecord> record = run_on_threads(graph, program, options);

    ASSERT_FALSE(record.has_value());
    EXPECT_EQ(record.error().code, ErrorCode::kInvalidInput);
    EXPECT_THAT(record.error().message, HasSubstr("AOT queue of worker"));
  }
}

}  // namespace
}  // namespace mk
