// A Hugging Face tokenizer.json, read into what a byte-level BPE tokenizer is made of.
//
// The file writes bytes as printable characters (the GPT-2 alphabet: space is U+0120, newline
// U+010A, ...). Here tokens are the bytes themselves. Parts of the format that would change the
// result and that we do not have are refused by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace mk {

// An index into the model's vocabulary.
using TokenId = std::int32_t;

struct AddedToken {
  std::string content{};  // stands in the text as it is
  TokenId id = 0;
  bool is_special = false;  // control tokens, which decoding leaves out
};

struct TokenizerFile {
  // Regular expressions in PCRE syntax, applied in turn: a match, and the text between two matches,
  // are pieces of their own.
  std::vector<std::string> split_patterns{};
  std::vector<std::pair<std::string, TokenId>> vocabulary{};  // bytes, id; without the added tokens
  std::vector<std::pair<std::string, std::string>> merges{};  // bytes, in the order of their rank
  std::vector<AddedToken> added_tokens{};
  std::optional<TokenId> unknown{};  // for bytes that the vocabulary lacks; none: they are left out
  bool ignore_merges = false;        // a piece that is a token is not built by merges (Llama 3)
};

// kInvalidInput or kUnsupported; the message names the key.
[[nodiscard]] Result<TokenizerFile> parse_tokenizer(std::string_view json_text);

}  // namespace mk
