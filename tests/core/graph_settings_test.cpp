#include "core/graph_settings.h"

#include <gmock/gmock.h>

#include <vector>

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(GraphSettings, AreTasksOfOperatorsPartsAndPages) {
  const std::vector<std::string> texts = {"lm_head.tasks=600", "attention.parts=4",
                                          "attention.page=16", "lm_head.tasks=128"};

  const Result<GraphSettings> settings = parse_graph_settings(texts);

  ASSERT_TRUE(settings.has_value()) << settings.error().message;
  EXPECT_THAT(settings->tasks_of, ElementsAre(Pair("lm_head", 128)));
  EXPECT_EQ(settings->attention_parts, 4);
  EXPECT_EQ(settings->page_positions, 16);
}

TEST(GraphSettings, RefuseWhatTheyDoNotKnowAndName) {
  for (const std::string text :
       {"", "=", "lm_head", "lm_head=3", ".tasks=3", "attention.pages=4",
        "lm_head.tasks=", "lm_head.tasks=1.5", "lm_head.tasks=-1", "attention.parts=4 ",
        "attention.page=4294967296", "attention.parts=two"}) {
    const Result<GraphSettings> settings = parse_graph_settings(std::vector{text});
    ASSERT_FALSE(settings.has_value()) << text;
    EXPECT_EQ(settings.error().code, ErrorCode::kUsage) << text;
    EXPECT_THAT(settings.error().message, HasSubstr("'" + text + "'"));
  }
}

}  // namespace
}  // namespace mk
