// Text to token ids and back: byte-level BPE, as SmolLM2, GPT-2, Llama 3 use it.
//
//   const Result<Tokenizer> tokenizer = Tokenizer::open("model/");   // or "model/tokenizer.json"
//   const Result<std::vector<TokenId>> ids = tokenizer->encode("Hello, world");
//   const std::string text = replace_invalid_utf8(tokenizer->decode(*ids));
//
// Gives the ids that the package `tokenizers` gives
// (tests/gpu_backend/weights/tokenizer_cases.json). Immutable: any number of threads may use one.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "gpu_backend/weights/byte_pair_encoder.h"
#include "gpu_backend/weights/text_splitter.h"
#include "gpu_backend/weights/tokenizer_file.h"

namespace mk {

class Tokenizer {
 public:
  // A tokenizer.json, or a folder that holds one. Errors name the file and the key: kNotFound,
  // kInvalidInput, kUnsupported.
  [[nodiscard]] static Result<Tokenizer> open(const std::filesystem::path& file_or_folder);
  [[nodiscard]] static Result<Tokenizer> parse(std::string_view json_text);

  // Nothing is added in front or behind. Added tokens that stand in the text ("<|im_end|>") become
  // their id; of several that begin at one place, the longest. kInvalidInput, with the offset,
  // where the text is not UTF-8.
  [[nodiscard]] Result<std::vector<TokenId>> encode(std::string_view text) const;

  // The bytes of the tokens. They may begin or end within a character: see replace_invalid_utf8.
  // Special tokens are left out unless asked for.
  std::string decode(std::span<const TokenId> tokens, bool with_special_tokens = false) const;

  // The bytes of one token; empty where no text belongs to this id (models pad their vocabulary).
  std::string_view bytes_of(TokenId token) const;
  bool is_special(TokenId token) const;

  // The id of an added token, by its text.
  std::optional<TokenId> added_token(std::string_view content) const;

  // One more than the largest id.
  std::size_t size() const { return bytes_.size(); }

 private:
  Tokenizer(TextSplitter splitter, BytePairEncoder encoder, TokenizerFile file);

  Status encode_plain(std::string_view text, std::vector<TokenId>& tokens) const;
  const AddedToken* added_token_at(std::string_view text) const;

  TextSplitter splitter_{};
  BytePairEncoder encoder_{};
  std::vector<AddedToken> added_tokens_{};  // the longest first
  std::vector<std::string> bytes_{};        // by id
  std::vector<bool> is_special_{};          // by id
};

}  // namespace mk
