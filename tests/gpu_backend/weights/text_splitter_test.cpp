#include "gpu_backend/weights/text_splitter.h"

#include <gmock/gmock.h>

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string_view> pieces(std::vector<std::string> patterns, std::string_view text) {
  const Result<TextSplitter> splitter = TextSplitter::compile(patterns);
  EXPECT_TRUE(splitter.has_value()) << splitter.error().message;
  return *splitter->split(text);
}

TEST(TextSplitter, KeepsMatchesAndWhatLiesBetweenThem) {
  EXPECT_THAT(pieces({R"(\d+)"}, "ab12c3"), ElementsAre("ab", "12", "c", "3"));
  EXPECT_THAT(pieces({R"(\d+)"}, "12ab"), ElementsAre("12", "ab"));
  EXPECT_THAT(pieces({R"(\d+)"}, ""), IsEmpty());
  EXPECT_THAT(pieces({}, "ab"), ElementsAre("ab"));
}

TEST(TextSplitter, LetsEachPatternSeeOnlyThePiecesOfTheOneBefore) {
  // Alone, the second pattern would take the space and the digit together.
  EXPECT_THAT(pieces({R"(\d)", R"( ?\w+)"}, "a 1"), ElementsAre("a", " ", "1"));
}

TEST(TextSplitter, CutsNothingAtAnEmptyMatch) {
  EXPECT_THAT(pieces({"x*"}, "\u00e4xb"), ElementsAre("\u00e4", "x", "b"));
}

TEST(TextSplitter, GoesByUnicode) {
  EXPECT_THAT(pieces({R"(\p{N})"}, "\u0663x\u00bd"), ElementsAre("\u0663", "x", "\u00bd"));
  EXPECT_THAT(pieces({R"(\p{L}+)"}, "\u043c\u0438\u0440!"), ElementsAre("\u043c\u0438\u0440", "!"));
}

TEST(TextSplitter, SaysWhichPatternNeedsTooManySteps) {
  const Result<TextSplitter> splitter = TextSplitter::compile(std::vector<std::string>{"(a+)+$"});
  ASSERT_TRUE(splitter.has_value());

  std::string text(61, 'a');
  text.back() = 'b';
  const auto result = splitter->split(text);

  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().message, HasSubstr("(a+)+$"));
}

}  // namespace
}  // namespace mk
