// Byte pair encoding of one piece of text: from single bytes, always the adjacent pair with the
// lowest rank is joined, the leftmost of several, until no pair has a rank.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "gpu_backend/weights/tokenizer_file.h"

namespace mk {

// Immutable after build(); any number of threads may encode at once.
class BytePairEncoder {
 public:
  // kInvalidInput where a merge joins or makes what is no token.
  [[nodiscard]] static Result<BytePairEncoder> build(const TokenizerFile& file);

  // Appends the tokens of the piece. Time is O(n log n) in its bytes. A byte that is no token of
  // its own is the unknown token where the file has one, else left out, as the package `tokenizers`
  // does.
  void encode(std::string_view piece, std::vector<TokenId>& tokens) const;

 private:
  struct Merge {
    std::uint32_t rank = 0;
    TokenId joined = 0;
  };

  const Merge* find_merge(TokenId left, TokenId right) const;
  void join_pairs(std::vector<TokenId> symbols, std::vector<TokenId>& tokens) const;

  std::array<std::optional<TokenId>, 256> token_of_byte_{};
  std::unordered_map<std::uint64_t, Merge> merges_{};  // key: left << 32 | right
  std::unordered_map<std::string, TokenId>
      whole_pieces_{};  // empty unless the file says ignore_merges
};

}  // namespace mk
