#include "experiments/cli/words.h"

#include <gmock/gmock.h>

#include "experiments/cli/sweep_points.h"

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

TEST(Words, ARangeHoldsBothEnds) {
  EXPECT_THAT(parse_range("--workers", "4:12:4").value(), ElementsAre(4, 8, 12));
  EXPECT_THAT(parse_range("--workers", "1,5:7").value(), ElementsAre(1, 5, 6, 7));
}

TEST(Words, ARangeThatEndsBeforeItBeginsOrStandsStillIsRefused) {
  for (const char* text : {"", "8:4", "1:2:0", "1:2:3:4", "a:b"})
    EXPECT_EQ(parse_range("--workers", text).error().code, ErrorCode::kUsage) << text;
}

}  // namespace
}  // namespace mk::cli
