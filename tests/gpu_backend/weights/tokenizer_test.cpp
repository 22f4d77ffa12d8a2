#include "gpu_backend/weights/tokenizer.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "gpu_backend/weights/utf8.h"
#include "tests/gpu_backend/weights/tokenizer_cases.h"

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Tokenizer small(const std::string& name) {
  Result<Tokenizer> tokenizer =
      Tokenizer::open(weights_tests() / ("tokenizer_small_" + name + ".json"));
  EXPECT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
  return std::move(tokenizer).value();
}

void expect_ids_of_cases(const Tokenizer& tokenizer, const std::string& name) {
  const nlohmann::json& cases = tokenizer_cases()["cases"][name];
  ASSERT_GT(cases.size(), 300u);
  for (const nlohmann::json& example : cases) {
    const Result<std::vector<TokenId>> ids = tokenizer.encode(example["text"].get<std::string>());
    ASSERT_TRUE(ids.has_value()) << example["text"] << ids.error().message;
    EXPECT_EQ(*ids, example["ids"].get<std::vector<TokenId>>()) << example["text"];
  }
}

void expect_texts_of_cases(const Tokenizer& tokenizer, const std::string& name) {
  for (const nlohmann::json& example : tokenizer_cases()["cases"][name]) {
    const auto ids = example["ids"].get<std::vector<TokenId>>();
    EXPECT_EQ(replace_invalid_utf8(tokenizer.decode(ids)), example["decoded"]) << example["text"];
  }
}

TEST(Tokenizer, EncodesAsThePackageTokenizersWithSingleDigits) {
  expect_ids_of_cases(small("digits"), "digits");
}

TEST(Tokenizer, EncodesAsThePackageTokenizersWithASplitPattern) {
  expect_ids_of_cases(small("split"), "split");
}

TEST(Tokenizer, DecodesAsThePackageTokenizers) {
  expect_texts_of_cases(small("digits"), "digits");
  expect_texts_of_cases(small("split"), "split");
}

TEST(Tokenizer, EncodesAndDecodesAsThePackageTokenizersWithTheVocabularyOfSmolLm2) {
  const std::filesystem::path model = fetched_smollm2();
  if (!std::filesystem::exists(model)) {
    GTEST_SKIP() << model << " is missing: run scripts/fetch-model smollm2-135m";
  }
  const Result<Tokenizer> tokenizer = Tokenizer::open(model);
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->size(), 49152u);
  expect_ids_of_cases(*tokenizer, "smollm2");
  expect_texts_of_cases(*tokenizer, "smollm2");
}

TEST(Tokenizer, GivesEveryByteBackWhereTheVocabularyHasAll) {
  const Tokenizer tokenizer = small("split");
  for (const nlohmann::json& example : tokenizer_cases()["cases"]["split"]) {
    const auto text = example["text"].get<std::string>();
    const Result<std::vector<TokenId>> ids = tokenizer.encode(text);
    ASSERT_TRUE(ids.has_value());
    EXPECT_EQ(tokenizer.decode(*ids, /*with_special_tokens=*/true), text);
  }
}

TEST(Tokenizer, NamesTheByteAtWhichTextIsNotUtf8) {
  const Result<std::vector<TokenId>> ids = small("split").encode("ab\xff");

  ASSERT_FALSE(ids.has_value());
  EXPECT_THAT(ids.error().message, HasSubstr("not UTF-8 at byte 2"));
}

TEST(Tokenizer, LeavesSpecialTokensOutOfTheTextUnlessAsked) {
  const Tokenizer tokenizer = small("digits");
  const std::vector<TokenId> ids = *tokenizer.encode("a<|im_end|><added>");

  EXPECT_EQ(tokenizer.decode(ids), "a<added>");
  EXPECT_EQ(tokenizer.decode(ids, /*with_special_tokens=*/true), "a<|im_end|><added>");
  EXPECT_EQ(tokenizer.added_token("<|im_end|>"), ids[1]);
  EXPECT_EQ(tokenizer.added_token("a"), std::nullopt);
}

TEST(Tokenizer, HasNoTextForIdsOutsideOfItsVocabulary) {
  const Tokenizer tokenizer = small("digits");

  EXPECT_THAT(tokenizer.bytes_of(-1), IsEmpty());
  EXPECT_THAT(tokenizer.bytes_of(static_cast<TokenId>(tokenizer.size())), IsEmpty());
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{-1, 1'000'000}), "");
}

// A merge of rank 1 only becomes possible after one of rank 2: greedy by rank, not by position, and
// leftmost first.
TEST(Tokenizer, JoinsTheLowestRankFirstAndThenTheLeftmost) {
  const Result<Tokenizer> tokenizer = Tokenizer::parse(
      R"({"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"type":"BPE",)"
      R"("vocab":{"a":0,"b":1,"c":2,"ab":3,"bc":4,"aa":5,"aab":6},)"
      R"("merges":["b c",["a","b"],["a","a"],"a ab"]}})");
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message;

  EXPECT_THAT(*tokenizer->encode("abc"), ElementsAre(0, 4));
  EXPECT_THAT(*tokenizer->encode("aaa"), ElementsAre(5, 0));
  EXPECT_THAT(*tokenizer->encode("aab"), ElementsAre(6));
}

TEST(Tokenizer, EncodesAMegabyteOfOneLetterInReasonableTime) {
  const Result<std::vector<TokenId>> ids = small("digits").encode(std::string(1 << 20, 'a'));

  ASSERT_TRUE(ids.has_value());
  EXPECT_GT(ids->size(), 1000u);
}

TEST(Tokenizer, NamesTheFileThatIsMissing) {
  const Result<Tokenizer> tokenizer = Tokenizer::open("/nowhere/tokenizer.json");

  ASSERT_FALSE(tokenizer.has_value());
  EXPECT_EQ(tokenizer.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(tokenizer.error().message, HasSubstr("/nowhere/tokenizer.json"));
}

}  // namespace
}  // namespace mk
