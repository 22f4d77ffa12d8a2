#include "experiments/cli/answer.h"

#include <gtest/gtest.h>

namespace mk::cli {
namespace {

TEST(Answer, WritesAnArrayOfObjectsAsCsvRows) {
  const Answer answer{.json = Json::parse(R"([{"name":"a","n":1},{"name":"b","n":2.5}])")};

  EXPECT_EQ(render(answer, Format::kCsv), "name,n\na,1\nb,2.5\n");
}

TEST(Answer, LeavesNestedMembersOutOfCsv) {
  const Answer answer{.json = Json::parse(R"({"n":1,"list":[1,2],"object":{"x":1},"m":null})")};

  EXPECT_EQ(render(answer, Format::kCsv), "n,m\n1,\n");
}

TEST(Answer, QuotesCsvCellsThatHoldSeparators) {
  const Answer answer{.json = Json::parse(R"([{"text":"a,\"b\"\nc"}])")};

  EXPECT_EQ(render(answer, Format::kCsv), "text\n\"a,\"\"b\"\"\nc\"\n");
}

TEST(Answer, PrefersItsRowsForCsv) {
  const Answer answer{.json = Json::parse(R"({"n":1})"), .rows = Json::parse(R"([{"k":7}])")};

  EXPECT_EQ(render(answer, Format::kCsv), "k\n7\n");
}

}  // namespace
}  // namespace mk::cli
