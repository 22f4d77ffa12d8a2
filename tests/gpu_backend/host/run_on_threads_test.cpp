#include "gpu_backend/host/run_on_threads.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>

#include "tests/gpu_backend/host/mixing_program.h"
#include "tests/support/layered_graph.h"

namespace mk {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::MixingProgram;

std::shared_ptr<const TaskGraph> share(TaskGraph graph) {
  return std::make_shared<const TaskGraph>(std::move(graph));
}

struct Case {
  PolicyKind kind;
  std::uint32_t workers;
  std::uint32_t schedulers;
};

std::string name_of_case(const ::testing::TestParamInfo<Case>& info) {
  return fmt::format("{}_{}w{}s", facts(info.param.kind).name, info.param.workers,
                     info.param.schedulers);
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const PolicyKind kind :
       {PolicyKind::kHybrid, PolicyKind::kAot, PolicyKind::kJit, PolicyKind::kStatic}) {
    for (const std::uint32_t workers : {1U, 2U, 3U, 8U}) {
      for (const std::uint32_t schedulers : {0U, 1U, 2U, 3U}) {
        cases.push_back({kind, workers, schedulers});
      }
    }
  }
  return cases;
}

class EachPolicyAndSplit : public ::testing::TestWithParam<Case> {
 protected:
  HostRunOptions options() const {
    HostRunOptions options;
    options.policy.kind = GetParam().kind;
    options.roles = {GetParam().workers, GetParam().schedulers};
    return options;
  }
};

TEST_P(EachPolicyAndSplit, ComputesWhatOneThreadComputes) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto graph = share(testing::random_graph(seed, 120));
    MixingProgram program(*graph, 4);

    const Result<RunRecord> record = run_on_threads(graph, program, options());

    ASSERT_TRUE(record.has_value()) << record.error().message;
    EXPECT_EQ(program.values(), MixingProgram::expected(*graph, 4)) << "seed " << seed;
    EXPECT_EQ(record->iterations.size(), 4U);
  }
}

TEST_P(EachPolicyAndSplit, ComputesTheSameWithoutARecorder) {
  const auto graph = share(testing::grouped_graph({.operators = 6, .tasks = 24}));
  MixingProgram program(*graph, 3);
  HostRunOptions quiet = options();
  quiet.record = false;

  const Result<RunRecord> record = run_on_threads(graph, program, quiet);

  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_EQ(program.values(), MixingProgram::expected(*graph, 3));
  EXPECT_TRUE(record->tasks.empty());
}

INSTANTIATE_TEST_SUITE_P(RunOnThreads, EachPolicyAndSplit, ::testing::ValuesIn(all_cases()),
                         name_of_case);

TEST(RunOnThreads, PlacesJitTasksOnTheShortestQueueWhenAsked) {
  for (const std::uint32_t schedulers : {0U, 1U, 2U}) {
    const auto graph = share(testing::random_graph(7, 150));
    MixingProgram program(*graph, 3);
    HostRunOptions options;
    options.policy = {PolicyKind::kJit, Placement::kRoundRobin, JitPlacement::kShortestQueue};
    options.roles = {3, schedulers};

    const Result<RunRecord> record = run_on_threads(graph, program, options);

    ASSERT_TRUE(record.has_value()) << record.error().message;
    EXPECT_EQ(program.values(), MixingProgram::expected(*graph, 3));
  }
}

TEST(RunOnThreads, PutsStaticTasksOnTheWorkersOfThePlacementTables) {
  const auto graph = share(testing::grouped_graph({.operators = 5, .tasks = 24}));
  MixingProgram program(*graph, 2);
  HostRunOptions options;
  options.policy = {PolicyKind::kStatic, Placement::kSwizzle};
  options.roles = {3, 0};

  ASSERT_TRUE(run_on_threads(graph, program, options).has_value());

  const PlacementTables tables = make_placement(*graph, options.policy, options.roles);
  for (std::uint32_t w = 0; w < 3; ++w) {
    for (const std::uint32_t task : tables.worker_list(w)) {
      EXPECT_EQ(program.worker_of()[task], w);
    }
  }
}

TEST(RunOnThreads, TurnsTheRowsByTheIterationWhoeverBeginsIt) {
  const auto graph = share(testing::grouped_graph({.operators = 5, .tasks = 8}));
  for (const std::uint32_t schedulers : {0U, 1U}) {
    MixingProgram program(*graph, 4);
    HostRunOptions options;
    options.policy.kind = PolicyKind::kAot;
    options.roles = {3, schedulers};

    const Result<RunRecord> record = run_on_threads(graph, program, options);

    ASSERT_TRUE(record.has_value()) << record.error().message;
    const PlacementTables tables = make_placement(*graph, options.policy, options.roles);
    for (const TaskRecord& task : record->tasks) {
      const std::uint32_t phase = phase_in({0, 3}, tables.phase_step[0], task.iteration);
      EXPECT_THAT(tables.worker_list(list_of({0, 3}, task.lane, phase)), Contains(task.task));
    }
  }
}

// What a worker is said to have in hand must be what it runs next.
class ForeseeingProgram {
 public:
  ForeseeingProgram(const TaskGraph& graph, std::uint32_t workers)
      : inner_(graph, 2), foreseen_(workers) {}

  void execute(std::uint32_t worker, std::uint32_t task, std::uint32_t iteration,
               const protocol::InHand& after) {
    check(worker, task);
    inner_.execute(worker, task, iteration);
    foreseen_[worker].clear();
    for (std::uint32_t k = 0; k < after.size(); ++k) foreseen_[worker].push_back(after[k]);
  }
  std::uint32_t turn_of_wait(std::uint32_t worker, const protocol::InHand& in_hand) {
    check(worker, in_hand[0]);
    return in_hand[in_hand.size() - 1];
  }
  bool prepare(std::uint32_t iteration, IterationState& state) {
    return inner_.prepare(iteration, state);
  }
  std::uint32_t wrong() const { return wrong_; }
  const MixingProgram& inner() const { return inner_; }

 private:
  void check(std::uint32_t worker, std::uint32_t task) {
    if (!foreseen_[worker].empty() && foreseen_[worker].front() != task) ++wrong_;
  }

  MixingProgram inner_;
  std::vector<std::vector<std::uint32_t>> foreseen_;
  std::atomic<std::uint32_t> wrong_{0};
};

TEST(RunOnThreads, TellsAProgramWhatItsWorkersRunNext) {
  const auto graph = share(testing::random_graph(5, 200));
  for (const PolicyKind kind : {PolicyKind::kStatic, PolicyKind::kAot}) {
    ForeseeingProgram program(*graph, 3);
    HostRunOptions options;
    options.policy.kind = kind;
    options.roles = {3, kind == PolicyKind::kAot ? 1U : 0U};

    ASSERT_TRUE(run_on_threads(graph, program, options).has_value());

    EXPECT_EQ(program.wrong(), 0U);
    EXPECT_EQ(program.inner().values(), MixingProgram::expected(*graph, 2));
  }
}

TEST(RunOnThreads, RefusesTheBlockingFifoUnderHybridByName) {
  const auto graph = share(testing::grouped_graph({}));
  MixingProgram program(*graph, 1);
  HostRunOptions options;
  options.policy.blocking_fifo = true;

  const Result<RunRecord> record = run_on_threads(graph, program, options);

  ASSERT_FALSE(record.has_value());
  EXPECT_EQ(record.error().code, ErrorCode::kUsage);
  EXPECT_THAT(record.error().message, HasSubstr("blocking_fifo"));
}

TEST(RunOnThreads, RunsNothingWhereTheFirstPrepareSaysNo) {
  const auto graph = share(testing::grouped_graph({}));
  MixingProgram program(*graph, 0);

  const Result<RunRecord> record = run_on_threads(graph, program, {});

  ASSERT_TRUE(record.has_value());
  EXPECT_TRUE(record->iterations.empty());
}

TEST(RunOnThreads, RefusesPoliciesThatLaunchKernels) {
  const auto graph = share(testing::grouped_graph({}));
  MixingProgram program(*graph, 1);
  HostRunOptions options;
  options.policy.kind = PolicyKind::kGraph;

  const Result<RunRecord> record = run_on_threads(graph, program, options);

  ASSERT_FALSE(record.has_value());
  EXPECT_EQ(record.error().code, ErrorCode::kUsage);
  EXPECT_THAT(record.error().message, HasSubstr("'graph'"));
}

TEST(RunOnThreads, RefusesInjectionsForWorkersThatAreNotThere) {
  const auto graph = share(testing::grouped_graph({}));
  MixingProgram program(*graph, 1);
  HostRunOptions options;
  options.injections.slow_workers.push_back({4, 2.0});

  const Result<RunRecord> record = run_on_threads(graph, program, options);

  ASSERT_FALSE(record.has_value());
  EXPECT_THAT(record.error().message, HasSubstr("no worker 4 among 1"));
}

}  // namespace
}  // namespace mk
