#include "gpu_backend/weights/byte_pair_encoder.h"

#include <fmt/format.h>

#include <functional>
#include <queue>
#include <tuple>

namespace mk {

namespace {

std::uint64_t pair_key(TokenId left, TokenId right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

// The symbols of a piece as a doubly linked list over positions; joining keeps the left one. `size`
// ends it on both sides.
struct SymbolList {
  explicit SymbolList(std::vector<TokenId> symbols) : token(std::move(symbols)) {
    const std::size_t size = token.size();
    is_joined_away.assign(size, false);
    for (std::size_t i = 0; i < size; ++i) {
      previous.push_back(i == 0 ? size : i - 1);
      next.push_back(i + 1);
    }
  }

  std::size_t end() const { return token.size(); }

  void join_with_next(std::size_t left, TokenId joined) {
    const std::size_t right = next[left];
    is_joined_away[right] = true;
    token[left] = joined;
    next[left] = next[right];
    if (next[left] != end()) previous[next[left]] = left;
  }

  std::vector<TokenId> token;
  std::vector<std::size_t> previous{};
  std::vector<std::size_t> next{};
  std::vector<bool> is_joined_away{};
};

// (rank, position of the left symbol, what it makes): the least is joined next.
using Candidate = std::tuple<std::uint32_t, std::size_t, TokenId>;
using CandidateQueue =
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<Candidate>>;

}  // namespace

Result<BytePairEncoder> BytePairEncoder::build(const TokenizerFile& file) {
  BytePairEncoder encoder;
  std::unordered_map<std::string, TokenId> token_of;
  for (const auto& [bytes, id] : file.vocabulary) token_of[bytes] = id;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto found = token_of.find(std::string(1, static_cast<char>(byte)));
    encoder.token_of_byte_[byte] =
        found != token_of.end() ? std::optional(found->second) : file.unknown;
  }
  encoder.merges_.reserve(file.merges.size());
  std::uint32_t rank = 0;
  for (const auto& [left, right] : file.merges) {
    const auto left_token = token_of.find(left);
    const auto right_token = token_of.find(right);
    const auto joined = token_of.find(left + right);
    if (left_token == token_of.end() || right_token == token_of.end() || joined == token_of.end()) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("model: merges[{}]: joins or makes what is no token", rank));
    }
    encoder.merges_[pair_key(left_token->second, right_token->second)] = {rank++, joined->second};
  }
  if (file.ignore_merges) encoder.whole_pieces_ = std::move(token_of);
  return encoder;
}

const BytePairEncoder::Merge* BytePairEncoder::find_merge(TokenId left, TokenId right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void BytePairEncoder::encode(std::string_view piece, std::vector<TokenId>& tokens) const {
  if (!whole_pieces_.empty()) {
    const auto whole = whole_pieces_.find(std::string(piece));
    if (whole != whole_pieces_.end()) {
      tokens.push_back(whole->second);
      return;
    }
  }
  std::vector<TokenId> symbols;
  for (const char c : piece) {
    const std::optional<TokenId> token = token_of_byte_[static_cast<unsigned char>(c)];
    if (token) symbols.push_back(*token);
  }
  join_pairs(std::move(symbols), tokens);
}

void BytePairEncoder::join_pairs(std::vector<TokenId> symbols, std::vector<TokenId>& tokens) const {
  if (symbols.empty()) return;
  SymbolList list(std::move(symbols));
  CandidateQueue queue;
  const auto offer = [&](std::size_t left) {
    if (left == list.end() || list.next[left] == list.end()) return;
    const Merge* merge = find_merge(list.token[left], list.token[list.next[left]]);
    if (merge != nullptr) queue.emplace(merge->rank, left, merge->joined);
  };
  for (std::size_t i = 0; i < list.end(); ++i) offer(i);
  while (!queue.empty()) {
    const auto [rank, left, joined] = queue.top();
    queue.pop();
    // A candidate is stale where one of its two symbols has been joined since.
    if (list.is_joined_away[left] || list.next[left] == list.end()) continue;
    const Merge* merge = find_merge(list.token[left], list.token[list.next[left]]);
    if (merge == nullptr || merge->rank != rank) continue;
    list.join_with_next(left, joined);
    offer(list.previous[left]);
    offer(left);
  }
  for (std::size_t i = 0; i != list.end(); i = list.next[i]) tokens.push_back(list.token[i]);
}

}  // namespace mk
