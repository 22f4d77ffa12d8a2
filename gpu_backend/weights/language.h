// What a model folder says about text: tokenizer, chat template, and the tokens that end an answer.
//
//   const Result<Language> language = Language::open("model/");
//   const Result<std::vector<TokenId>> prompt = language->chat_prompt("What is the capital of
//   France?");
//   ... generate until language->ends_answer(token) ...
//   std::cout << language->text_of(generated);
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "gpu_backend/weights/chat_template.h"
#include "gpu_backend/weights/tokenizer.h"

namespace mk {

// Immutable: any number of threads may use one.
class Language {
 public:
  // A folder with tokenizer.json; tokenizer_config.json with the chat template,
  // generation_config.json and config.json with eos_token_id (a number or a list, the former file
  // goes first) may be there. Errors name the file and what is wrong.
  [[nodiscard]] static Result<Language> open(const std::filesystem::path& folder);

  const Tokenizer& tokenizer() const { return tokenizer_; }

  // The tokens of a conversation in which the user says `text`, up to where the assistant answers.
  // kUnsupported where the model has no chat template, or none that we know; kInvalidInput where
  // the text is not UTF-8.
  [[nodiscard]] Result<std::vector<TokenId>> chat_prompt(std::string_view text) const;

  // The tokens of the text alone.
  [[nodiscard]] Result<std::vector<TokenId>> raw_prompt(std::string_view text) const;

  // Sorted; empty where the folder names none.
  std::span<const TokenId> end_tokens() const { return end_tokens_; }
  bool ends_answer(TokenId token) const;

  // For people: valid UTF-8, without special tokens.
  std::string text_of(std::span<const TokenId> tokens) const;

 private:
  Language(Tokenizer tokenizer, Result<ChatTemplate> chat, std::vector<TokenId> end_tokens);

  Tokenizer tokenizer_;
  Result<ChatTemplate> chat_;  // the error is only said where a template is needed
  std::vector<TokenId> end_tokens_{};
};

}  // namespace mk
