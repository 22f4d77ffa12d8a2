#include "experiments/cli/words.h"

#include <gmock/gmock.h>

namespace mk::cli {
namespace {

using ::testing::ElementsAre;

TEST(Words, ReadWholeNumbersOnly) {
  EXPECT_EQ(parse_count("--n", "12").value(), 12);
  for (const char* text : {"", "x", "1x", "-1", "1.5", "99999999999"})
    EXPECT_EQ(parse_count("--n", text).error().code, ErrorCode::kUsage) << text;
}

TEST(Words, AssignANameAndAValue) {
  EXPECT_EQ(parse_assignment("--set", "a.b=c=d")->value, "c=d");
  EXPECT_FALSE(parse_assignment("--set", "=1"));
  EXPECT_FALSE(parse_assignment("--set", "a"));
}

TEST(Words, ListsKeepEmptyWordsSoThatTheyAreRefused) {
  EXPECT_THAT(split_list("a,,b"), ElementsAre("a", "", "b"));
  EXPECT_FALSE(parse_counts("--prompt", "1,,2"));
}

TEST(Words, CountOneWithoutAnS) {
  EXPECT_EQ(counted(1, "worker"), "1 worker");
  EXPECT_EQ(counted(0, "worker"), "0 workers");
  EXPECT_EQ(counted(2, "worker"), "2 workers");
}

}  // namespace
}  // namespace mk::cli
