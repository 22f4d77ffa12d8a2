#include "gpu_backend/weights/tokenizer_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

namespace mk {

namespace {

using Json = nlohmann::json;

// GPT-2's, which the step "ByteLevel" of the format stands for. The class is Unicode's White_Space:
// PCRE's own \s has one character more (U+180E).
constexpr std::string_view kSpace =
    R"(\t-\r\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";

std::string byte_level_pattern() {
  return fmt::format(
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{{L}}+| ?\p{{N}}+| ?[^{0}\p{{L}}\p{{N}}]+|[{0}]+(?![^{0}])|[{0}]+)",
      kSpace);
}

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

tl::unexpected<Error> unsupported(std::string_view key, const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return fail(ErrorCode::kUnsupported,
              fmt::format("{}: {}: not supported (byte-level BPE is)", key, text));
}

// The member, or null (the JSON value) where there is none.
const Json& member(const Json& object, std::string_view key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

bool is_off(const Json& value) { return value.is_null() || value == false; }

// Ids index tables: a damaged file must not ask for more memory than any real vocabulary (at most
// some 10^5 tokens) needs.
constexpr std::uint64_t kMaxTokens = 1 << 24;

std::optional<TokenId> token_id(const Json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= kMaxTokens) return std::nullopt;
  return value.get<TokenId>();
}

// --- The GPT-2 alphabet: bytes that are printable in Latin-1 stand for themselves, the others for
// U+0100, U+0101, ... in order.

bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

// Code point -> byte, for the 324 code points from 0 of which 256 are in use.
std::array<std::optional<unsigned char>, 0x144> make_byte_of_code_point() {
  std::array<std::optional<unsigned char>, 0x144> table{};
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    table[stands_for_itself(byte) ? byte : next++] = static_cast<unsigned char>(byte);
  }
  return table;
}

// None where the text has a character outside of the alphabet.
std::optional<std::string> bytes_of(std::string_view text) {
  static const auto kByteOf = make_byte_of_code_point();
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code_point = static_cast<unsigned char>(text[i]);
    if (code_point >= 0x80) {  // the whole alphabet lies in sequences of two bytes
      if (code_point < 0xc2 || code_point > 0xdf || i + 1 == text.size()) return std::nullopt;
      code_point = (code_point & 0x1f) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3f);
    }
    if (code_point >= kByteOf.size() || !kByteOf[code_point]) return std::nullopt;
    bytes += static_cast<char>(*kByteOf[code_point]);
  }
  return bytes;
}

// --- One function a part of the file.

Result<std::string> split_pattern(const Json& step) {
  const Json& type = member(step, "type");
  if (type == "Digits") {
    return member(step, "individual_digits") == true ? R"(\p{N})" : R"(\p{N}+)";
  }
  if (type == "ByteLevel") {
    if (!is_off(member(step, "add_prefix_space"))) {
      return unsupported("pre_tokenizer: add_prefix_space", true);
    }
    return is_off(member(step, "use_regex")) && !member(step, "use_regex").is_null()
               ? std::string()
               : byte_level_pattern();
  }
  const Json& pattern = member(member(step, "pattern"), "Regex");
  if (type == "Split" && pattern.is_string() && member(step, "behavior") == "Isolated" &&
      is_off(member(step, "invert"))) {
    return pattern.get<std::string>();
  }
  return unsupported("pre_tokenizer", step);
}

Result<std::vector<std::string>> parse_pre_tokenizer(const Json& value) {
  const Json& list = member(value, "pretokenizers");
  const Json steps =
      member(value, "type") == "Sequence" && list.is_array() ? list : Json::array({value});
  const bool has_bytes = std::ranges::any_of(
      steps, [](const Json& step) { return member(step, "type") == "ByteLevel"; });
  if (!has_bytes) return unsupported("pre_tokenizer", value);
  std::vector<std::string> patterns;
  for (const Json& step : steps) {
    Result<std::string> pattern = split_pattern(step);
    if (!pattern) return tl::unexpected(std::move(pattern).error());
    if (!pattern->empty()) patterns.push_back(std::move(*pattern));
  }
  return patterns;
}

Result<std::vector<AddedToken>> parse_added_tokens(const Json& list) {
  std::vector<AddedToken> tokens;
  if (list.is_null()) return tokens;
  if (!list.is_array()) return invalid("added_tokens: not a list");
  for (const Json& entry : list) {
    const std::optional<TokenId> id = token_id(member(entry, "id"));
    const Json& content = member(entry, "content");
    if (!id || !content.is_string() || content.get_ref<const std::string&>().empty()) {
      return invalid(
          fmt::format("added_tokens[{}]: needs an id below 2^24 and a content", tokens.size()));
    }
    for (const char* key : {"single_word", "lstrip", "rstrip"}) {
      if (!is_off(member(entry, key)))
        return unsupported(fmt::format("added_tokens: {}", key), entry);
    }
    tokens.push_back({content.get<std::string>(), *id, member(entry, "special") == true});
  }
  return tokens;
}

Result<std::vector<std::pair<std::string, TokenId>>> parse_vocabulary(
    const Json& value, const std::vector<AddedToken>& added_tokens) {
  if (!value.is_object() || value.empty())
    return invalid("model: vocab: not an object with tokens");
  std::set<std::string_view> added;
  for (const AddedToken& token : added_tokens) added.insert(token.content);
  std::set<TokenId> ids;
  std::vector<std::pair<std::string, TokenId>> vocabulary;
  for (const auto& [text, number] : value.items()) {
    const std::optional<TokenId> id = token_id(number);
    if (!id)
      return invalid(fmt::format("model: vocab: {}: its id is no whole number below 2^24", text));
    if (!ids.insert(*id).second)
      return invalid(fmt::format("model: vocab: id {} stands twice", *id));
    if (added.contains(text)) continue;
    std::optional<std::string> bytes = bytes_of(text);
    if (!bytes)
      return invalid(fmt::format("model: vocab: {}: not in the byte-level alphabet", text));
    vocabulary.emplace_back(std::move(*bytes), *id);
  }
  return vocabulary;
}

// "left right", or ["left", "right"] in newer files.
std::optional<std::pair<std::string, std::string>> parse_merge(const Json& entry) {
  std::string left;
  std::string right;
  if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
    left = entry[0].get<std::string>();
    right = entry[1].get<std::string>();
  } else if (entry.is_string()) {
    const auto& text = entry.get_ref<const std::string&>();
    const std::size_t space = text.find(' ');
    if (space == std::string::npos) return std::nullopt;
    left = text.substr(0, space);
    right = text.substr(space + 1);
  }
  std::optional<std::string> left_bytes = bytes_of(left);
  std::optional<std::string> right_bytes = bytes_of(right);
  if (!left_bytes || !right_bytes || left.empty() || right.empty()) return std::nullopt;
  return std::pair(std::move(*left_bytes), std::move(*right_bytes));
}

Status check_supported(const Json& file, const Json& model) {
  if (!member(file, "normalizer").is_null()) return unsupported("normalizer", file["normalizer"]);
  if (member(model, "type") != "BPE") return unsupported("model: type", member(model, "type"));
  for (const char* key : {"dropout", "byte_fallback", "fuse_unk"}) {
    if (!is_off(member(model, key))) return unsupported(fmt::format("model: {}", key), model[key]);
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!member(model, key).is_null() && member(model, key) != "") {
      return unsupported(fmt::format("model: {}", key), model[key]);
    }
  }
  return {};
}

Status parse_model(const Json& model, TokenizerFile& file) {
  auto vocabulary = parse_vocabulary(member(model, "vocab"), file.added_tokens);
  if (!vocabulary) return tl::unexpected(std::move(vocabulary).error());
  file.vocabulary = std::move(*vocabulary);
  const Json& merges = member(model, "merges");
  if (!merges.is_array()) return invalid("model: merges: not a list");
  for (const Json& entry : merges) {
    auto merge = parse_merge(entry);
    if (!merge)
      return invalid(fmt::format("model: merges[{}]: no pair of tokens", file.merges.size()));
    file.merges.push_back(std::move(*merge));
  }
  file.ignore_merges = member(model, "ignore_merges") == true;
  const Json& unknown = member(model, "unk_token");
  if (unknown.is_null()) return {};
  file.unknown = unknown.is_string() ? token_id(member(model["vocab"], unknown.get<std::string>()))
                                     : std::nullopt;
  if (!file.unknown) return invalid("model: unk_token: not in the vocabulary");
  return {};
}

}  // namespace

Result<TokenizerFile> parse_tokenizer(std::string_view json_text) {
  const Json json = Json::parse(json_text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return invalid("no JSON object");
  const Json& model = member(json, "model");
  const Status supported = check_supported(json, model);
  if (!supported) return tl::unexpected(supported.error());
  TokenizerFile file;
  Result<std::vector<std::string>> patterns = parse_pre_tokenizer(member(json, "pre_tokenizer"));
  if (!patterns) return tl::unexpected(std::move(patterns).error());
  file.split_patterns = std::move(*patterns);
  Result<std::vector<AddedToken>> added = parse_added_tokens(member(json, "added_tokens"));
  if (!added) return tl::unexpected(std::move(added).error());
  file.added_tokens = std::move(*added);
  const Status parsed = parse_model(model, file);
  if (!parsed) return tl::unexpected(parsed.error());
  return file;
}

}  // namespace mk
