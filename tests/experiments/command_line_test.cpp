#include "experiments/cli/command_line.h"

#include <gmock/gmock.h>

#include "experiments/cli/verb.h"
#include "tests/experiments/cli_runner.h"

namespace mk::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(CommandLine, WithoutAVerbExitsTwoWithTheUsage) {
  const CliRun run = megascope({});

  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.out, IsEmpty());
  EXPECT_THAT(run.err, HasSubstr("usage: megascope VERB"));
}

TEST(CommandLine, RefusesAnUnknownVerbByName) {
  const CliRun run = megascope({"simulat"});

  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, HasSubstr("no verb 'simulat'"));
}

TEST(CommandLine, RefusesAnUnknownFlagOfEveryVerbWithItsUsage) {
  for (const cli::Verb* verb : cli::verbs()) {
    const CliRun run = megascope({std::string(verb->name), "--no-such-flag"});

    EXPECT_EQ(run.status, 2) << verb->name;
    EXPECT_THAT(run.err, HasSubstr("usage: megascope " + std::string(verb->name))) << verb->name;
    EXPECT_THAT(run.out, IsEmpty()) << verb->name;
  }
}

TEST(CommandLine, RefusesAWordThatIsNoneOfAFlagsChoices) {
  const CliRun run = megascope({"compile", "qwen3-8b", "--partition", "fair"});

  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, HasSubstr("'fair' is none of mpk, balanced"));
}

TEST(CommandLine, RefusesAnUnknownFormat) {
  EXPECT_EQ(megascope({"models", "--format", "xml"}).status, 2);
}

TEST(CommandLine, PrintsItsVersion) {
  const CliRun run = megascope({"--version"});

  EXPECT_EQ(run.status, 0);
  EXPECT_THAT(run.out, StartsWith("megascope "));
}

}  // namespace
}  // namespace mk::testing
