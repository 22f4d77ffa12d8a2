// What each verb does with good and with bad input, from the command line's side.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/experiments/cli_runner.h"
#include "tests/experiments/tiny_model.h"
#include "tests/gpu_backend/host/small_models.h"

namespace mk::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Verbs : public CliFiles {};

TEST_F(Verbs, CompileWritesAGraphThatSimulateTakes) {
  ASSERT_EQ(megascope({"compile", model(), "-o", path("g.mkg")}).status, 0);

  const CliRun run = megascope({"simulate", path("g.mkg"), "--format", "json"});

  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_GT(run.json()["makespan_us"].get<double>(), 0);
}

TEST_F(Verbs, CompileRefusesAnUnknownOperatorByName) {
  const CliRun run = megascope({"compile", model(), "--set", "no_such.tasks=4"});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("no_such"));
}

TEST_F(Verbs, CompileTakesSetOnlyAsOperatorTasksNumber) {
  EXPECT_EQ(megascope({"compile", model(), "--set", "qkv=4"}).status, 2);
  EXPECT_EQ(megascope({"compile", model(), "--set", "qkv.tasks=four"}).status, 2);
}

TEST_F(Verbs, SimulateHasAReferenceEngineOfTheSameResult) {
  const auto iterations = [&](const char* engine) {
    const CliRun run = megascope({"simulate", model(), "--engine", engine, "--format", "json"});
    EXPECT_EQ(run.status, 0) << run.err;
    return run.json()["iterations_us"];
  };
  EXPECT_EQ(iterations("reference"), iterations("elided"));
  EXPECT_EQ(megascope({"simulate", model(), "--engine", "reference", "--policy", "pdl"}).status, 2);
}

TEST_F(Verbs, SimulateTakesAListOfKernels) {
  std::ofstream(path("kernels.txt")) << "gate_up+silu_mul\nattention*3  # launches\n";
  const auto spans = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> all = {"simulate", model(), "--policy", "graph", "--format", "json"};
    all.insert(all.end(), flags.begin(), flags.end());
    const CliRun run = megascope(all);
    EXPECT_EQ(run.status, 0) << run.err;
    return run.json()["iteration_us"].get<double>();
  };
  EXPECT_GT(spans({"--kernels", path("kernels.txt")}), spans({}));
  EXPECT_LT(spans({"--kernels", "gate_up+silu_mul"}), spans({}));
}

TEST_F(Verbs, SimulateRefusesAListOfKernelsByFileAndWord) {
  std::ofstream(path("kernels.txt")) << "down:2\n";
  const CliRun run =
      megascope({"simulate", model(), "--policy", "graph", "--kernels", path("kernels.txt")});
  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, AllOf(HasSubstr("kernels.txt"), HasSubstr("down:2")));
  EXPECT_EQ(megascope({"simulate", model(), "--kernels", "gate_up+silu_mul"}).status, 2);
  EXPECT_EQ(megascope({"simulate", model(), "--policy", "graph", "--kernels", "dwon"}).status, 1);
}

TEST_F(Verbs, SimulateRefusesCompileFlagsBesideACompiledGraph) {
  ASSERT_EQ(megascope({"compile", model(), "-o", path("g.mkg")}).status, 0);

  const CliRun run = megascope({"simulate", path("g.mkg"), "--events", "exact"});

  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, HasSubstr("--events"));
}

TEST_F(Verbs, SimulateRefusesATruncatedGraphByFile) {
  ASSERT_EQ(megascope({"compile", model(), "-o", path("g.mkg")}).status, 0);
  std::filesystem::resize_file(path("g.mkg"), std::filesystem::file_size(path("g.mkg")) / 2);

  const CliRun run = megascope({"simulate", path("g.mkg")});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr(path("g.mkg")));
}

TEST_F(Verbs, SimulateRefusesASplitThatDoesNotFitWithTheNumbers) {
  const CliRun run = megascope(
      {"simulate", model(), "--machine", "h100-sxm", "--workers", "130", "--schedulers", "16"});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("130"));
  EXPECT_THAT(run.err, HasSubstr("132"));
}

TEST_F(Verbs, SimulateRefusesNoWorkers) {
  EXPECT_EQ(megascope({"simulate", model(), "--workers", "0"}).status, 1);
}

TEST_F(Verbs, RunRefusesNoWorkersBeforeItLoadsWeights) {
  const CliRun run = megascope({"run", model(), "--prompt", "1", "--workers", "0"});

  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.err, "megascope run: --workers: 0 workers, at least 1 is needed\n");
}

TEST_F(Verbs, SimulateWritesTheSameBytesTwice) {
  ASSERT_EQ(megascope({"simulate", model(), "-o", path("a.db")}).status, 0);
  ASSERT_EQ(megascope({"simulate", model(), "-o", path("b.db")}).status, 0);

  EXPECT_FALSE(bytes_of(path("a.db")).empty());
  EXPECT_EQ(bytes_of(path("a.db")), bytes_of(path("b.db")));
}

TEST_F(Verbs, SimulatePredictsARequestFromItsPromptOn) {
  const CliRun run = megascope(
      {"simulate", model(), "--prompt-tokens", "5", "--generate", "3", "--format", "json"});

  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()["iterations"], 7);
}

TEST_F(Verbs, SimulateRefusesAContextBeyondTheCache) {
  ASSERT_EQ(megascope({"compile", model(), "-o", path("g.mkg")}).status, 0);

  const CliRun run = megascope({"simulate", path("g.mkg"), "--prompt-tokens", "9999"});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("512"));
}

TEST_F(Verbs, RunGeneratesTheSameTokensUnderEveryPolicy) {
  const auto tokens = [&](const char* policy) {
    const CliRun run = megascope({"run", model(), "--policy", policy, "--workers", "2",
                                  "--generate", "5", "--prompt", "3,7", "--format", "json"});
    EXPECT_EQ(run.status, 0) << run.err;
    return run.json()["generated"];
  };
  const auto expected = tokens("static");

  EXPECT_EQ(expected.size(), 5);
  for (const char* policy : {"aot", "jit", "hybrid"}) EXPECT_EQ(tokens(policy), expected) << policy;
}

TEST_F(Verbs, RunReadsTheVeryWeightsThatWeightsWrote) {
  ASSERT_EQ(megascope({"weights", model(), "--seed", "9", "-o", path("w")}).status, 0);
  const std::vector<std::string> rest = {"--generate", "5", "--workers", "1", "--format", "json"};
  const auto tokens = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    const CliRun run = megascope(arguments);
    EXPECT_EQ(run.status, 0) << run.err;
    return run.json()["generated"];
  };

  EXPECT_EQ(tokens({"run", path("w")}), tokens({"run", model(), "--seed", "9"}));
}

TEST_F(Verbs, RunWritesOneRowOfLogitsAGeneratedToken) {
  const CliRun run =
      megascope({"run", model(), "--generate", "3", "--workers", "1", "--logits", path("l.npy")});

  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(bytes_of(path("l.npy")), HasSubstr("(3, 256)"));
}

TEST_F(Verbs, RunRefusesKernelPerOperatorPoliciesAsUsage) {
  for (const char* policy : {"stream", "graph", "pdl"})
    EXPECT_EQ(megascope({"run", model(), "--policy", policy}).status, 2) << policy;
}

TEST_F(Verbs, RunOnAGpuRunsOrSaysInOneLineWhyNot) {
  const CliRun run = megascope({"run", model(), "--backend", "cuda", "--generate", "2"});

  if (run.status == 0) return;
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, AnyOf(HasSubstr("no CUDA backend"), HasSubstr("NVIDIA")));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
}

TEST_F(Verbs, RunRefusesWhatOnlyTheGpuCanDoOnTheHost) {
  EXPECT_EQ(megascope({"run", model(), "--capture", "1:2"}).status, 2);
  EXPECT_EQ(megascope({"run", model(), "--preload", "off"}).status, 2);
  EXPECT_EQ(megascope({"run", model(), "--cupti", "on"}).status, 2);
  EXPECT_EQ(megascope({"run", model(), "--pm-sampling", "10"}).status, 2);
}

TEST_F(Verbs, RunSamplesCountersOnlyIntoATraceWithCupti) {
  const std::vector<std::string> run = {"run", model(), "--backend", "cuda", "--pm-sampling", "10"};
  std::vector<std::string> without_cupti = run;
  without_cupti.insert(without_cupti.end(), {"-o", path("t.db"), "--cupti", "off"});

  EXPECT_EQ(megascope(run).status, 2);
  EXPECT_EQ(megascope(without_cupti).status, 2);
}

// With a file in place of the capture's library, which a program without CUDA never loads.
TEST_F(Verbs, ProfileEndsAsTheProgramDid) {
  ::setenv("MEGASCOPE_INJECT", "/dev/null", 1);
  const auto profile = [&](const std::string& script) {
    return megascope(
        {"profile", "--output-to-stderr", "-o", path("t.db"), "--", "sh", "-c", script});
  };

  EXPECT_EQ(profile("exit 7").status, 7);
  const CliRun crashed = profile("kill -SEGV $$");
  EXPECT_EQ(crashed.status, 139);
  EXPECT_THAT(crashed.out, AllOf(HasSubstr("signal 11"), HasSubstr("program_crashed")));
  EXPECT_TRUE(std::filesystem::exists(path("t.db")));
  EXPECT_EQ(megascope({"profile", "-o", path("u.db"), "--", "/nowhere/program"}).status, 1);
  EXPECT_FALSE(std::filesystem::exists(path("u.db")));
}

TEST_F(Verbs, AnalyzeSaysWhatIsDoubtfulAndHowWellClocksAreKnown) {
  ASSERT_EQ(megascope({"run", model(), "--policy", "static", "--workers", "1", "--generate", "2",
                       "-o", path("m.db")})
                .status,
            0);

  const CliRun run = megascope({"analyze", path("m.db"), "--format", "json"});

  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_GT(run.json()["clocks"][0]["uncertainty_ns"].get<int>(), 0);
  EXPECT_TRUE(run.json()["health"].is_array());
  EXPECT_THAT(megascope({"analyze", path("m.db")}).out, HasSubstr("device 0: clock known to "));
}

// Where there is no device; where there is one, it would measure it.
TEST_F(Verbs, MicrobenchSaysInOneLineThatThereIsNoDevice) {
  if (std::filesystem::exists("/dev/nvidiactl")) GTEST_SKIP() << "this machine has an NVIDIA GPU";

  const CliRun run = megascope({"microbench", "--backend", "cuda"});

  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(std::ranges::count(run.err, '\n'), 1) << run.err;
}

TEST_F(Verbs, RunRefusesATextWithoutATokenizer) {
  const CliRun run = megascope({"run", model(), "--text", "hello"});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("tokenizer"));
}

TEST_F(Verbs, RunRefusesTwoPrompts) {
  EXPECT_EQ(megascope({"run", model(), "--text", "a", "--prompt", "1"}).status, 2);
}

TEST_F(Verbs, RunDecodesAMixtureOfExpertsFromItsFilesAsFromSyntheticWeights) {
  std::filesystem::create_directory(path("moe"));
  std::ofstream(path("moe/config.json")) << small_models::kQwen3Moe;
  const auto run = [&](const std::string& model, const std::string& weights) {
    return megascope({"run", model, "--weights", weights, "--prompt", "5,6", "--generate", "4",
                      "--workers", "1", "--schedulers", "0", "--format", "json"});
  };
  ASSERT_EQ(megascope({"weights", path("moe"), "--seed", "1", "-o", path("files")}).status, 0);

  const CliRun synthetic = run(path("moe"), "synthetic");
  const CliRun from_files = run(path("files"), path("files"));

  ASSERT_EQ(synthetic.status, 0) << synthetic.err;
  ASSERT_EQ(from_files.status, 0) << from_files.err;
  EXPECT_EQ(synthetic.json()["generated"].size(), 4U);
  EXPECT_EQ(synthetic.json()["generated"], from_files.json()["generated"]);
}

TEST_F(Verbs, CompareHoldsAPredictionAgainstTheRunOfTheSameGraph) {
  const std::vector<std::string> same = {"--policy", "static", "--workers", "1", "--generate", "6"};
  const auto with = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), same.begin(), same.end());
    return megascope(arguments);
  };
  ASSERT_EQ(with({"run", model(), "--prompt", "5,6", "-o", path("m.db")}).status, 0);
  ASSERT_EQ(with({"simulate", model(), "--prompt-tokens", "2", "-o", path("p.db")}).status, 0);

  const CliRun run = megascope({"compare", path("p.db"), path("m.db"), "--format", "json"});

  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()["placement_agreement"], 1.0);
  EXPECT_EQ(run.json()["only_measured"], 0);
  EXPECT_EQ(run.json()["tasks"].size(), 5U);
  const CliRun rows =
      megascope({"compare", path("p.db"), path("m.db"), "--tasks", "3", "--format", "csv"});
  EXPECT_EQ(std::count(rows.out.begin(), rows.out.end(), '\n'), 4) << rows.out;
  EXPECT_THAT(rows.out, HasSubstr("predicted_own_us"));
}

TEST_F(Verbs, CompareRefusesAForeignFileByName) {
  const CliRun run = megascope({"compare", path("config.json"), path("config.json")});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr(path("config.json")));
}

TEST_F(Verbs, AnalyzeDividesAllWorkerTimeByCause) {
  ASSERT_EQ(megascope({"simulate", model(), "-o", path("p.db")}).status, 0);

  const CliRun run = megascope({"analyze", path("p.db"), "--format", "json"});

  ASSERT_EQ(run.status, 0) << run.err;
  const auto analysis = run.json();
  double share = 0;
  for (const auto& cause : analysis["causes"]) share += cause["share"].get<double>();
  EXPECT_NEAR(share, 1, 1e-9);
}

TEST_F(Verbs, AnalyzeSaysThatImportedSpansHaveNoCauses) {
  std::ofstream(path("spans.json")) << R"([{"ph":"X","pid":1,"tid":1,"name":"a","ts":0,"dur":4}])";
  ASSERT_EQ(megascope({"import", path("spans.json"), "-o", path("spans.db")}).status, 0);

  const CliRun run = megascope({"analyze", path("spans.db")});

  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "4.0 us of slices, no iteration of a task graph: nothing has a cause\n");
}

TEST_F(Verbs, ExplainFollowsTheChainBackToTheBegin) {
  ASSERT_EQ(megascope({"simulate", model(), "-o", path("p.db")}).status, 0);

  const CliRun run = megascope({"explain", path("p.db"), "L1.down[0]", "--format", "json"});

  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json().front()["task"], "L1.down[0]");
  EXPECT_EQ(run.json().back()["held_by"], "begin");
}

TEST_F(Verbs, ExplainRefusesAnUnknownTask) {
  ASSERT_EQ(megascope({"simulate", model(), "-o", path("p.db")}).status, 0);

  EXPECT_EQ(megascope({"explain", path("p.db"), "L9.nothing[0]"}).status, 1);
}

TEST_F(Verbs, SweepPrintsARowForEachPointThatFits) {
  const CliRun run =
      megascope({"sweep", "--model", model(), "--policy", "aot,static,graph", "--workers",
                 "128:136:4", "--schedulers", "0,16", "--iterations", "1", "--format", "json"});

  ASSERT_EQ(run.status, 0) << run.err;
  // aot: 128 with 0 and 16, 132 with 0; static: 128, 132; graph: one.
  EXPECT_EQ(run.json().size(), 6);
  EXPECT_THAT(run.err, HasSubstr("left out"));
}

TEST_F(Verbs, SweepPrintsTheSameBytesTwice) {
  const std::vector<std::string> arguments = {
      "sweep", "--model", model(), "--policy", "hybrid", "--iterations", "2", "--format", "csv"};

  EXPECT_EQ(megascope(arguments).out, megascope(arguments).out);
}

TEST_F(Verbs, SweepPrintsTheSameBytesFromItsFile) {
  const std::vector<std::string> arguments = {
      "sweep", "--model", model(), "--policy", "aot,static", "-o", path("s.db"), "--format", "csv"};

  const CliRun first = megascope(arguments);
  const CliRun second = megascope(arguments);

  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.out, second.out);
  EXPECT_THAT(second.err, HasSubstr("2 points were there, 0 are new"));
}

TEST_F(Verbs, SweepReadsItsAxesFromAFileAndNamesTheKeyItDoesNotKnow) {
  std::ofstream(path("good.json")) << R"([{"model": ")" << model() << R"(", "seed": "1:3"}])";
  std::ofstream(path("bad.json")) << R"({"model": ")" << model() << R"(", "sede": 1})";

  EXPECT_EQ(megascope({"sweep", "--spec", path("good.json"), "--format", "json"}).json().size(), 3);
  const CliRun bad = megascope({"sweep", "--spec", path("bad.json")});
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.err, AllOf(HasSubstr("bad.json"), HasSubstr("sede")));
}

TEST_F(Verbs, SweepPrintsWhatItHasAndExits1WherePointsAreRefused) {
  const CliRun run = megascope({"sweep", "--model", model(), "--policy", "static", "--set",
                                "none,no_such.tasks=4", "--format", "json"});

  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.json().size(), 2);
  EXPECT_THAT(run.err, HasSubstr("no_such"));
}

TEST_F(Verbs, SweepSaysTheBestSplitOfEachPolicyWithItsRegret) {
  const CliRun run = megascope({"sweep", "--model", model(), "--policy", "aot,static", "--workers",
                                "8,16", "--seed", "1:3", "--best", "--format", "json"});

  ASSERT_EQ(run.status, 0) << run.err;
  ASSERT_EQ(run.json().size(), 2);
  EXPECT_EQ(run.json()[0]["seeds"], 3);
  EXPECT_LE(run.json()[0]["regret_us"], run.json()[1]["regret_us"]);
  EXPECT_GE(run.json()[1]["regret_low_us"], 0);
}

TEST_F(Verbs, ReproduceNamesTheStudyThatIsNotThereAndStillRunsTheOthers) {
  const CliRun run =
      megascope({"reproduce", "no-such", "table2", "-o", path("r"), "--format", "json"});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("no-such"));
  EXPECT_EQ(run.json().size(), 15);
  EXPECT_THAT(bytes_of(path("r/results.json")), HasSubstr("table2/qwen3-8b-events"));
}

TEST_F(Verbs, ReproduceNamesABrokenRecipe) {
  std::ofstream(path("mine.json")) << R"({"id": "mine", "titel": "t"})";

  const CliRun run = megascope({"reproduce", path("mine.json"), "-o", path("r")});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("mine.json"), HasSubstr("title")));
}

TEST_F(Verbs, ReproduceNamesWhatFailsHalfWayAndKeepsTheRest) {
  std::ofstream(path("mine.json"))
      << R"({"id": "mine", "title": "t", "question": "q", "baseline": "b", "claims": [
        {"name": "bad", "what": "w", "unit": "ms", "time_ms": {"model": ")"
      << model() << R"(", "set": "no_such.tasks=4"}},
        {"name": "good", "what": "w", "unit": "ms", "time_ms": {"model": ")"
      << model() << R"("}}]})";

  const CliRun run =
      megascope({"reproduce", path("mine.json"), "table2", "-o", path("r"), "--format", "json"});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("mine/bad"), HasSubstr("no_such")));
  ASSERT_EQ(run.json().size(), 17);
  EXPECT_EQ(run.json()[0]["verdict"], "not run");
  EXPECT_GT(run.json()[1]["ours"], 0);
  EXPECT_THAT(bytes_of(path("r/results.json")),
              AllOf(HasSubstr("mine/good"), HasSubstr("table2/qwen3-8b-events")));
}

TEST_F(Verbs, ReproduceRunsHostClaimsOnceAndKeepsThem) {
  const std::string side = R"({"model": ")" + model() + R"(", "policy": "static", "workers": 1})";
  std::ofstream(path("mine.json"))
      << R"({"id": "mine", "title": "t", "question": "q", "baseline": "b", "claims": [
        {"name": "n", "what": "w", "unit": "x", "host": [)"
      << side << ", " << side << "]}]}";
  const std::vector<std::string> words = {"reproduce", path("mine.json"), "-o",
                                          path("r"),   "--format",        "json"};

  const CliRun first = megascope(words);
  const CliRun second = megascope(words);

  const auto claim = first.json()[0];
  EXPECT_EQ(claim["how"], "run on host threads");
  EXPECT_THAT(claim["where"].get<std::string>(), HasSubstr("launches"));
  EXPECT_LE(claim["low"], claim["ours"]);
  EXPECT_GE(claim["high"], claim["ours"]);
  EXPECT_THAT(first.err, HasSubstr("on host threads: w"));
  EXPECT_EQ(second.out, first.out);
  EXPECT_THAT(second.err, Not(HasSubstr("on host threads")));
}

TEST_F(Verbs, SweepRefusesAnUnknownPolicyAsUsage) {
  EXPECT_EQ(megascope({"sweep", "--model", model(), "--policy", "fifo"}).status, 2);
}

TEST_F(Verbs, CalibrateRefusesARunThatWasDisturbedOnPurpose) {
  ASSERT_EQ(megascope({"run", model(), "--policy", "static", "--workers", "1", "--generate", "1",
                       "--inject", "notify_delay_us=1", "-o", path("m.db")})
                .status,
            0);

  const CliRun run =
      megascope({"calibrate", path("m.db"), "--machine", "h100-sxm", "-o", path("fitted.json")});

  EXPECT_EQ(run.status, 1);
  EXPECT_FALSE(std::filesystem::exists(path("fitted.json")));
}

TEST_F(Verbs, ViewRefusesWhatIsNoTrace) {
  const CliRun run = megascope({"view", path("config.json")});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("no trace"));
}

}  // namespace
}  // namespace mk::testing
