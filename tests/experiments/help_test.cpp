#include "experiments/cli/help.h"

#include <gmock/gmock.h>

#include "tests/experiments/cli_runner.h"
#include "tests/golden/golden.h"

namespace mk::testing {
namespace {

constexpr std::size_t kScreenColumns = 104;

std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    longest = std::max(longest, end - begin);
    begin = end + 1;
  }
  return longest;
}

TEST(Help, OfTheProgramIsTheGoldenText) {
  const CliRun run = megascope({"--help"});

  EXPECT_EQ(run.status, 0);
  expect_golden(run.out, "help/megascope.txt");
}

TEST(Help, OfEachVerbIsTheGoldenText) {
  for (const cli::Verb* verb : cli::verbs()) {
    const CliRun run = megascope({std::string(verb->name), "--help"});

    EXPECT_EQ(run.status, 0) << verb->name;
    expect_golden(run.out, "help/" + std::string(verb->name) + ".txt");
  }
}

TEST(Help, FitsTheScreensWidth) {
  for (const cli::Verb* verb : cli::verbs()) {
    EXPECT_LE(longest_line(megascope({std::string(verb->name), "--help"}).out), kScreenColumns)
        << verb->name;
  }
}

}  // namespace
}  // namespace mk::testing
