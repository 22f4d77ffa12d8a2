#include "gpu_backend/weights/language.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/gpu_backend/weights/temporary_folder.h"
#include "tests/gpu_backend/weights/tokenizer_cases.h"

namespace mk {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A folder with the small tokenizer of that name.
void put_tokenizer(const TemporaryFolder& folder) {
  std::filesystem::copy_file(weights_tests() / "tokenizer_small_split.json",
                             folder.path() / "tokenizer.json");
}

TEST(Language, WritesAChatPromptByTheTemplateOfTheFolder) {
  const TemporaryFolder folder;
  put_tokenizer(folder);
  folder.write("tokenizer_config.json",
               nlohmann::json{{"chat_template", tokenizer_cases()["chat_template"]}}.dump());
  const Result<Language> language = Language::open(folder.path());
  ASSERT_TRUE(language.has_value()) << language.error().message;

  const Result<std::vector<TokenId>> prompt = language->chat_prompt("Hello");

  ASSERT_TRUE(prompt.has_value()) << prompt.error().message;
  EXPECT_EQ(language->tokenizer().decode(*prompt, /*with_special_tokens=*/true),
            tokenizer_cases()["chat"][0]["text"]);
}

TEST(Language, AsksForRawTextWhereTheTemplateIsUnknownOrMissing) {
  for (const char* config : {"{}", R"({"chat_template":"{{ messages }}"})"}) {
    const TemporaryFolder folder;
    put_tokenizer(folder);
    folder.write("tokenizer_config.json", config);
    const Result<Language> language = Language::open(folder.path());
    ASSERT_TRUE(language.has_value()) << language.error().message;

    const Result<std::vector<TokenId>> prompt = language->chat_prompt("Hello");

    ASSERT_FALSE(prompt.has_value());
    EXPECT_THAT(prompt.error().message,
                AllOf(HasSubstr("tokenizer_config.json"), HasSubstr("use --raw-text")));
    EXPECT_TRUE(language->raw_prompt("Hello").has_value());
  }
}

TEST(Language, TakesTheEndTokensOfGenerationConfigBeforeThoseOfConfig) {
  const TemporaryFolder folder;
  put_tokenizer(folder);
  folder.write("config.json", R"({"eos_token_id":7})");
  EXPECT_THAT(Language::open(folder.path())->end_tokens(), ElementsAre(7));

  folder.write("generation_config.json", R"({"eos_token_id":[9,2]})");
  const Result<Language> language = Language::open(folder.path());

  EXPECT_THAT(language->end_tokens(), ElementsAre(2, 9));
  EXPECT_TRUE(language->ends_answer(9));
  EXPECT_FALSE(language->ends_answer(7));
}

TEST(Language, NamesTheFileWithABadEndToken) {
  const TemporaryFolder folder;
  put_tokenizer(folder);
  folder.write("config.json", R"({"eos_token_id":"</s>"})");

  const Result<Language> language = Language::open(folder.path());

  ASSERT_FALSE(language.has_value());
  EXPECT_THAT(language.error().message, AllOf(HasSubstr("config.json"), HasSubstr("eos_token_id")));
}

TEST(Language, MendsTextThatIsCutWithinACharacter) {
  const TemporaryFolder folder;
  put_tokenizer(folder);
  const Result<Language> language = Language::open(folder.path());
  const std::vector<TokenId> ids = *language->raw_prompt("a\U0001f600");

  EXPECT_EQ(language->text_of(ids), "a\U0001f600");
  EXPECT_EQ(language->text_of(std::span(ids).first(ids.size() - 1)), "a\ufffd");
}

// The prompts of the expected tokens come from another tokenizer and another template engine.
TEST(Language, GivesThePromptsThatTransformersGivesForSmolLm2) {
  if (!std::filesystem::exists(fetched_smollm2())) {
    GTEST_SKIP() << fetched_smollm2() << " is missing: run scripts/fetch-model smollm2-135m";
  }
  const Result<Language> language = Language::open(fetched_smollm2());
  ASSERT_TRUE(language.has_value()) << language.error().message;
  const nlohmann::json expected =
      nlohmann::json::parse(std::ifstream(weights_tests() / "expected" / "smollm2_greedy.json"));
  ASSERT_EQ(expected["cases"].size(), 3u);

  for (const nlohmann::json& example : expected["cases"]) {
    EXPECT_EQ(*language->chat_prompt(example["prompt"].get<std::string>()),
              example["prompt_ids"].get<std::vector<TokenId>>());
  }
  EXPECT_THAT(language->end_tokens(), ElementsAre(2));
}

}  // namespace
}  // namespace mk
