// Replays and what-ifs: a recorded run, simulated again with its own durations.
#include "experiments/cli/replay.h"

#include <gmock/gmock.h>

#include <cmath>

#include "experiments/cli/blame_check.h"
#include "experiments/cli/exact_replay.h"
#include "tests/experiments/cli_runner.h"
#include "tests/experiments/tiny_model.h"
#include "tests/support/source_dir.h"
#include "traces/sqlite_file.h"

namespace mk::testing {
namespace {

using ::testing::HasSubstr;

class ReplayTest : public CliFiles {
 protected:
  // A run of smollm2-135m on an H100, which the tests take as if it had been measured.
  Trace recorded(std::vector<std::string> flags = {}) {
    std::vector<std::string> call = {"simulate", "smollm2-135m", "--seed",       "7",
                                     "-o",       path("run.db"), "--iterations", "2"};
    call.insert(call.end(), flags.begin(), flags.end());
    EXPECT_EQ(megascope(call).status, 0);
    return *read_trace(path("run.db"));
  }
  double simulated_us(std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"simulate", "smollm2-135m", "--seed", "7", "--format", "json",
                                 "--iterations", "2"});
    return megascope(flags).json()["iteration_us"].get<double>();
  }
};

TEST_F(ReplayTest, TakesTheGraphOutOfTheTrace) {
  const Trace trace = recorded();
  const Result<TaskGraph> graph = cli::graph_of(trace.graphs[0]);
  ASSERT_TRUE(graph) << graph.error().message;
  EXPECT_EQ(graph->tasks(), trace.graphs[0].tasks);
  EXPECT_EQ(graph->task_name(TaskId(99)), trace.graphs[0].task_name(99));
}

TEST_F(ReplayTest, OfAnUnchangedRunIsTheRun) {
  const Result<cli::Replay> replay = cli::make_replay(recorded(), "");
  ASSERT_TRUE(replay) << replay.error().message;
  EXPECT_LT(std::abs(replay->error()), 0.01);
  EXPECT_LT(replay->duration_residual, 0.02);
  EXPECT_EQ(replay->not_recorded, 0u);
}

// The answer of a what-if is what a simulation of the changed set-up says, since here both know the
// bodies.
TEST_F(ReplayTest, OfAChangedRunIsTheChangedRun) {
  const Result<cli::Replay> replay = cli::make_replay(recorded(), "");
  ASSERT_TRUE(replay);
  cli::Replay changed = *replay;
  ASSERT_TRUE(cli::apply_change(changed, "policy=static"));
  ASSERT_TRUE(cli::apply_change(changed, "workers=64"));
  const double expected =
      simulated_us({"--policy", "static", "--workers", "64", "--partition-workers", "128"});
  EXPECT_NEAR(*cli::replay_us(changed) / expected, 1, 0.03);
}

TEST_F(ReplayTest, FasterMemoryMakesTheSameBodiesFaster) {
  const Result<cli::Replay> replay = cli::make_replay(recorded(), "");
  ASSERT_TRUE(replay);
  cli::Replay slower = *replay;
  ASSERT_TRUE(cli::apply_change(slower, "bodies.linear.port_limit=5"));
  EXPECT_GT(*cli::replay_us(slower), 1.5 * replay->replayed_us);
}

TEST_F(ReplayTest, BlameOfMemoryAndHandOffsHoldsInRunsWhereTheyAreCheaper) {
  const Result<cli::Replay> replay = cli::make_replay(recorded(), "");
  ASSERT_TRUE(replay);
  const auto rows = cli::check_blame(*replay);
  ASSERT_TRUE(rows) << rows.error().message;
  double blamed = 0;
  for (const cli::BlameRow& row : *rows) {
    blamed += row.blamed_us;
    EXPECT_EQ(row.agrees, cli::remark(row).empty());
    EXPECT_TRUE(row.agrees || row.cost != "hand-off") << row.counterfactual_us;
  }
  EXPECT_NEAR(blamed / replay->replayed_us, 1, 0.05) << "the path is the whole iteration";
}

TEST(Blame, AgreesWithinAThirdOrAThousandth) {
  EXPECT_TRUE(cli::agree(10, 8, 1000));
  EXPECT_FALSE(cli::agree(10, 5, 1000));
  EXPECT_TRUE(cli::agree(0.1, 0.9, 1000)) << "too small to tell";
}

TEST_F(ReplayTest, AnalyzeSaysWhatWouldHaveBeen) {
  recorded();
  const CliRun run = megascope({"analyze", path("run.db"), "--what-if", "protocol.notify.typical=0",
                                "--check-blame", "--format", "json"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_LT(run.json()["what_if"]["change_us"].get<double>(), 0);
  EXPECT_EQ(run.json()["blame_check"]["rows"].size(), 5u);
}

// L0 (exact_replay.h): every policy's bodies and hand-offs, played again, end when the run did.
constexpr double kExact = 0.001;

TEST_F(ReplayTest, WithRecordedHandOffsIsTheRun) {
  for (const char* policy : {"static", "aot", "jit", "hybrid"}) {
    const Trace trace = recorded({"--policy", policy});
    const Result<cli::ExactReplays> exact = cli::replay_exactly(trace, "");
    ASSERT_TRUE(exact) << exact.error().message;
    ASSERT_EQ(exact->replays.size(), 3u);
    EXPECT_LT(std::abs(exact->replays[0].error()), kExact) << policy;
    EXPECT_LT(std::abs(exact->replays[2].error()), 0.02) << policy << ", the machine's hand-offs";
  }
}

TEST_F(ReplayTest, WithRecordedHandOffsIsTheMeasuredRun) {
  for (const char* sample : {"h100", "host"}) {
    const Trace trace = *read_trace(source_dir() + "/traces/samples/" + sample + ".db");
    const Result<cli::ExactReplays> exact = cli::replay_exactly(trace, "");
    ASSERT_TRUE(exact) << exact.error().message;
    EXPECT_LT(std::abs(exact->replays[0].error()), kExact) << sample;
    EXPECT_THAT(exact->notes[0], HasSubstr("carries no machine"));
  }
}

// Tasks 0 and 1 notify one event, for which 4 waits; 2 and 3 wait for nothing. Worker 0 runs 0, 2,
// 4.
std::shared_ptr<const TaskGraph> graph_of_five() {
  TaskGraphBuilder builder(GraphInfo{}, TaskGraphBuilder::OperatorTiles::kAny);
  Operator op;
  op.name = "op";
  op.grid.extent = {5, 1, 1};
  const OperatorId id = builder.add_operator(op);
  const std::uint32_t work = builder.add_class({});
  const auto event = builder.add_event();
  constexpr auto kBegin = TaskGraphBuilder::kBegin, kEnd = TaskGraphBuilder::kEnd;
  for (std::uint32_t tile = 0; tile < 5; ++tile) {
    builder.add_task({id, TaskKind::kLinear, tile, work, LaunchLabel::kAot,
                      tile == 4 ? event : kBegin, tile < 2 ? event : kEnd});
  }
  return std::make_shared<const TaskGraph>(std::move(builder).build().value());
}

// A counter does not hold up who arrives first because another body began before.
TEST_F(ReplayTest, AShortBodyEndsBeforeALongOneThatBeganFirst) {
  RunRecord run;
  run.policy.kind = PolicyKind::kStatic;
  run.roles = {2, 0};
  run.graphs = {graph_of_five()};
  run.lanes = {{.kind = LaneKind::kWorker, .number = 0}, {.kind = LaneKind::kWorker, .number = 1}};
  run.iterations = {{0, 0, 900'000, decode_step(1, 1)}};
  struct Row {
    std::uint32_t task, lane;
    Nanoseconds ready, start, end;
  };
  for (const Row& row :
       {Row{0, 0, 0, 0, 500'000}, Row{1, 1, 0, 1'000, 2'000}, Row{3, 1, 0, 2'000, 900'000},
        Row{2, 0, 0, 500'000, 501'000}, Row{4, 0, 500'000, 501'000, 502'000}}) {
    TaskRecord& task = run.tasks.emplace_back();
    task.task = row.task;
    task.lane = row.lane;
    task.ready = row.ready;
    task.start = row.start;
    task.end = task.notified = row.end;
  }
  const Result<cli::ExactReplays> exact = cli::replay_exactly(make_trace(run), "");
  ASSERT_TRUE(exact) << exact.error().message;
  EXPECT_NEAR(exact->replays[0].replayed_us, 900, 0.1);
}

// Whoever arrives last places: the replay has no other order of arrivals, even so.
TEST_F(ReplayTest, PlacesJitTasksOnTheWorkersOfTheRun) {
  Trace trace = recorded({"--policy", "jit", "--workers", "16", "--schedulers", "0"});
  const Result<cli::ExactReplays> as_it_was = cli::replay_exactly(trace, "");
  ASSERT_TRUE(as_it_was) << as_it_was.error().message;
  EXPECT_LT(std::abs(as_it_was->replays[0].error()), kExact);
  std::vector<Lane>& lanes = trace.lanes;
  std::swap(lanes[0].number, lanes[5].number);  // the same run, on other workers
  const Result<cli::ExactReplays> elsewhere = cli::replay_exactly(trace, "");
  ASSERT_TRUE(elsewhere) << elsewhere.error().message;
  EXPECT_LT(std::abs(elsewhere->replays[0].error()), kExact);
}

TEST_F(ReplayTest, DrawsHandOffsOnceASeed) {
  recorded({"--policy", "hybrid"});
  const auto replays = [&](const char* seeds) {
    const CliRun run =
        megascope({"analyze", path("run.db"), "--replay", "--seeds", seeds, "--format", "json"});
    EXPECT_EQ(run.status, 0) << run.err;
    return run.json()["replays"];
  };
  const auto one = replays("1");
  const auto three = replays("3");
  ASSERT_EQ(three.size(), 3u);
  EXPECT_EQ(three[0]["by_seed_us"].size(), 1u) << "nothing is drawn where all is recorded";
  const auto by_seed = three[2]["by_seed_us"].get<std::vector<double>>();
  ASSERT_EQ(by_seed.size(), 3u);
  EXPECT_EQ(by_seed[0], one[2]["replayed_us"].get<double>());
  EXPECT_NE(by_seed[0], by_seed[1]);
  const CliRun none = megascope({"analyze", path("run.db"), "--replay", "--seeds", "0"});
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.err, HasSubstr("--seeds 0"));
}

TEST_F(ReplayTest, WithHandOffsOfAMachineThatFitsIsNearTheMeasuredRun) {
  const std::string machine =
      source_dir() + "/experiments/gpu_validation/h100-2026-11-25/machine.json";
  const Trace trace = *read_trace(source_dir() + "/traces/samples/h100.db");
  const Result<cli::ExactReplays> exact = cli::replay_exactly(trace, machine);
  ASSERT_TRUE(exact) << exact.error().message;
  EXPECT_LT(std::abs(exact->replays[1].error()), 0.015) << "fitted to this run";
  EXPECT_LT(exact->replays[2].error(), -0.1) << "of idle primitives: hand-offs took longer";
}

// Predicted with what `calibrate` fits to it: how well the model can say a measured run at all.
TEST_F(ReplayTest, TheH100SampleIsPredictedFromItsOwnCalibration) {
  const std::string machine =
      source_dir() + "/experiments/gpu_validation/h100-2026-11-25/machine.json";
  const std::string sample = source_dir() + "/traces/samples/h100.db";
  ASSERT_EQ(
      megascope({"calibrate", sample, "--machine", machine, "-o", path("fitted.json")}).status, 0);
  ASSERT_EQ(megascope({"simulate",
                       "smollm2-135m",
                       "--machine",
                       path("fitted.json"),
                       "--policy",
                       "static",
                       "--workers",
                       "32",
                       "--fuse",
                       "norm-linear",
                       "--events",
                       "operator",
                       "--partition",
                       "balanced",
                       "--mechanism",
                       "preload=off",
                       "--prompt-tokens",
                       "3",
                       "--generate",
                       "8",
                       "-o",
                       path("p.db")})
                .status,
            0);

  const CliRun run = megascope(
      {"compare", path("p.db"), sample, "--parts", "--floor", sample, "--format", "json"});

  ASSERT_EQ(run.status, 0) << run.err;
  const auto json = run.json();
  EXPECT_EQ(json["iterations"], 1) << "the recorder's window: iteration 7";
  EXPECT_LT(json["end_to_end_error"].get<double>(), 0.02);
  EXPECT_LT(json["parts"][0]["layer_start_us"].get<double>(), 1);
  EXPECT_LT(json["parts"][0]["duration_error"].get<double>(), 0.04);
  EXPECT_EQ(json["parts"][0]["floor_start_us"], 0) << "a run beside itself";
}

TEST_F(ReplayTest, RefusesKeysAndTracesByName) {
  recorded();
  const auto error = [&](const char* change) {
    const CliRun run = megascope({"analyze", path("run.db"), "--what-if", change});
    EXPECT_NE(run.status, 0) << change;
    return run.err;
  };
  EXPECT_THAT(error("memory.curves=1"), HasSubstr("memory.curves"));
  EXPECT_THAT(error("policy=graph"), HasSubstr("'graph' is none of"));
  EXPECT_THAT(error("workers=four"), HasSubstr("workers"));
  EXPECT_THAT(error("workers=500"), HasSubstr("500"));
  EXPECT_THAT(error("protocol"), HasSubstr("protocol"));
  recorded({"--policy", "stream"});
  EXPECT_THAT(error("workers=4"), HasSubstr("only megakernel policies are replayed"));
}

}  // namespace
}  // namespace mk::testing
