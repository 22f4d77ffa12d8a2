// `megascope check`: what it accepts, what it refuses, and how it says so.
#include <gmock/gmock.h>

#include "tests/experiments/cli_runner.h"
#include "tests/experiments/tiny_model.h"

namespace mk::testing {
namespace {

using ::testing::HasSubstr;

class VerbCheck : public CliFiles {};

TEST_F(VerbCheck, AcceptsACompiledGraphUnderEachPolicy) {
  ASSERT_EQ(megascope({"compile", model(), "-o", path("g.mkg")}).status, 0);
  for (const char* policy : {"hybrid", "aot", "jit", "static"}) {
    const CliRun run = megascope({"check", path("g.mkg"), "--policy", policy, "--format", "json"});
    EXPECT_EQ(run.status, 0) << policy << ": " << run.out;
    EXPECT_TRUE(run.json()["safe"].get<bool>());
  }
}

TEST_F(VerbCheck, NamesTheTasksThatABlockingWorkerHoldsUp) {
  const CliRun run = megascope({"check", model(), "--blocking-fifo", "--format", "json"});
  EXPECT_EQ(run.status, 1);
  const auto problem = run.json()["problems"][0];
  EXPECT_FALSE(run.json()["safe"].get<bool>());
  EXPECT_EQ(problem["fault"], "cycle");
  EXPECT_THAT(problem["cycle"].dump(), HasSubstr("attention["));
}

TEST_F(VerbCheck, NamesTheQueueThatIsTooShortWithBothNumbers) {
  const CliRun run = megascope({"check", model(), "--workers", "1", "--queue-capacity", "3"});
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.out, HasSubstr("task_queue: a worker's queue may get"));
  EXPECT_THAT(run.out, HasSubstr("holds 3"));
}

TEST_F(VerbCheck, NamesASplitThatTheMachineCannotHoldAtOnce) {
  const CliRun run = megascope({"check", model(), "--workers", "130", "--schedulers", "16"});
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.out, HasSubstr("residency"));
}

TEST_F(VerbCheck, RefusesPoliciesWithoutQueues) {
  EXPECT_EQ(megascope({"check", model(), "--policy", "pdl"}).status, 2);
  EXPECT_EQ(megascope({"check", model(), "--policy", "aot", "--blocking-fifo"}).status, 2);
  EXPECT_EQ(megascope({"check", model(), "--workers", "0"}).status, 1);
}

}  // namespace
}  // namespace mk::testing
