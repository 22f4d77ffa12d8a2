#include "gpu_backend/weights/tokenizer_file.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "gpu_backend/weights/tokenizer.h"

namespace mk {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// A good file, with the value at this JSON pointer replaced by another.
std::string file_with(const std::string& pointer, const nlohmann::json& value) {
  nlohmann::json file = nlohmann::json::parse(
      R"({"added_tokens":[{"id":2,"content":"<|end|>","special":true}],"normalizer":null,)"
      R"("pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel","use_regex":false}]},)"
      R"("model":{"type":"BPE","vocab":{"a":0,"\u0120":1,"\u0120a":3},"merges":["\u0120 a"]}})");
  if (!pointer.empty()) file[nlohmann::json::json_pointer(pointer)] = value;
  return file.dump();
}

// The message with which the file is refused; empty where it is not.
std::string refusal(const std::string& pointer, const nlohmann::json& value) {
  const Result<Tokenizer> tokenizer = Tokenizer::parse(file_with(pointer, value));
  return tokenizer ? "" : tokenizer.error().message;
}

TEST(TokenizerFile, TurnsPrintableCharactersIntoTheBytesTheyStandFor) {
  const Result<TokenizerFile> file = parse_tokenizer(file_with("", {}));

  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_THAT(file->vocabulary, UnorderedElementsAre(Pair("a", 0), Pair(" ", 1), Pair(" a", 3)));
  EXPECT_THAT(file->merges, ElementsAre(Pair(" ", "a")));
  EXPECT_EQ(file->added_tokens.at(0).content, "<|end|>");
}

TEST(TokenizerFile, NamesThePartsThatItDoesNotHave) {
  EXPECT_THAT(refusal("/normalizer", {{"type", "NFC"}}),
              AllOf(HasSubstr("normalizer"), HasSubstr("NFC")));
  EXPECT_THAT(refusal("/model/type", "Unigram"), HasSubstr("model: type: \"Unigram\""));
  EXPECT_THAT(refusal("/model/byte_fallback", true), HasSubstr("byte_fallback"));
  EXPECT_THAT(refusal("/model/end_of_word_suffix", "</w>"), HasSubstr("end_of_word_suffix"));
  EXPECT_THAT(refusal("/pre_tokenizer", {{"type", "Metaspace"}}), HasSubstr("Metaspace"));
  EXPECT_THAT(refusal("/pre_tokenizer/pretokenizers/0/add_prefix_space", true),
              HasSubstr("add_prefix_space"));
  EXPECT_THAT(refusal("/added_tokens/0/lstrip", true), HasSubstr("added_tokens: lstrip"));
}

TEST(TokenizerFile, NamesWhatIsDamaged) {
  EXPECT_THAT(refusal("/model/vocab", nlohmann::json::object()), HasSubstr("model: vocab"));
  EXPECT_THAT(refusal("/model/vocab/a", -1), HasSubstr("model: vocab: a: its id"));
  EXPECT_THAT(refusal("/model/vocab/a", 4'000'000'000u), HasSubstr("model: vocab: a: its id"));
  EXPECT_THAT(refusal("/model/vocab/a", 1), HasSubstr("model: vocab: id 1 stands twice"));
  EXPECT_THAT(refusal("/model/vocab/ ", 9), HasSubstr("not in the byte-level alphabet"));
  EXPECT_THAT(refusal("/model/merges/0", "a"), HasSubstr("model: merges[0]"));
  EXPECT_THAT(refusal("/model/merges/0", "a a"), HasSubstr("model: merges[0]: joins or makes"));
  EXPECT_THAT(refusal("/model/merges", 3), HasSubstr("model: merges: not a list"));
  EXPECT_THAT(refusal("/added_tokens/0/id", "x"), HasSubstr("added_tokens[0]"));
  EXPECT_THAT(refusal("/model/unk_token", "<unk>"), HasSubstr("unk_token"));
}

TEST(TokenizerFile, NamesAPatternThatIsNoRegularExpression) {
  const nlohmann::json split = {
      {"type", "Split"}, {"behavior", "Isolated"}, {"pattern", {{"Regex", "(a"}}}};

  EXPECT_THAT(refusal("/pre_tokenizer/pretokenizers/1", split),
              AllOf(HasSubstr("pre_tokenizer"), HasSubstr("(a")));
}

TEST(TokenizerFile, RefusesTextThatIsNoJson) {
  EXPECT_FALSE(parse_tokenizer("").has_value());
  EXPECT_FALSE(parse_tokenizer("[]").has_value());
  EXPECT_FALSE(parse_tokenizer("{}").has_value());
  const std::string whole = file_with("", {});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(parse_tokenizer(whole.substr(0, size)).has_value()) << size;
  }
}

TEST(TokenizerFile, GivesTheUnknownTokenForBytesThatItLacks) {
  const Result<Tokenizer> tokenizer = Tokenizer::parse(file_with("/model/unk_token", "a"));
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message;

  EXPECT_THAT(*tokenizer->encode("z a"), ElementsAre(0, 3));
}

}  // namespace
}  // namespace mk
