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
TEST_F(ReplayTest, WithRecordedHandOffsIsTheRun) {
  for (const char* policy : {"static", "aot", "jit", "hybrid"}) {
    const Trace trace = recorded({"--policy", policy});
    const Result<cli::ExactReplays> exact = cli::replay_exactly(trace, "");
    ASSERT_TRUE(exact) << exact.error().message;
    ASSERT_EQ(exact->replays.size(), 3u);
    EXPECT_LT(std::abs(exact->replays[0].error()), 0.005) << policy;
    EXPECT_LT(std::abs(exact->replays[2].error()), 0.02) << policy << ", the machine's hand-offs";
  }
}

TEST_F(ReplayTest, WithRecordedHandOffsIsTheMeasuredRun) {
  for (const char* sample : {"h100", "host"}) {
    const Trace trace = *read_trace(source_dir() + "/traces/samples/" + sample + ".db");
    const Result<cli::ExactReplays> exact = cli::replay_exactly(trace, "");
    ASSERT_TRUE(exact) << exact.error().message;
    EXPECT_LT(std::abs(exact->replays[0].error()), 0.005) << sample;
    EXPECT_THAT(exact->notes[0], HasSubstr("carries no machine"));
  }
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
