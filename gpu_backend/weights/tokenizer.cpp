#include "gpu_backend/weights/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gpu_backend/weights/mapped_file.h"
#include "gpu_backend/weights/utf8.h"

namespace mk {

Result<Tokenizer> Tokenizer::open(const std::filesystem::path& file_or_folder) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(file_or_folder, ignored);
  const std::filesystem::path path = is_folder ? file_or_folder / "tokenizer.json" : file_or_folder;
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return tl::unexpected(file.error());
  Result<Tokenizer> tokenizer =
      parse({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()});
  if (!tokenizer) return with_context(path.string(), std::move(tokenizer).error());
  return tokenizer;
}

Result<Tokenizer> Tokenizer::parse(std::string_view json_text) {
  Result<TokenizerFile> file = parse_tokenizer(json_text);
  if (!file) return tl::unexpected(std::move(file).error());
  Result<TextSplitter> splitter = TextSplitter::compile(file->split_patterns);
  if (!splitter) return with_context("pre_tokenizer", std::move(splitter).error());
  Result<BytePairEncoder> encoder = BytePairEncoder::build(*file);
  if (!encoder) return tl::unexpected(std::move(encoder).error());
  return Tokenizer(std::move(*splitter), std::move(*encoder), std::move(*file));
}

Tokenizer::Tokenizer(TextSplitter splitter, BytePairEncoder encoder, TokenizerFile file)
    : splitter_(std::move(splitter)),
      encoder_(std::move(encoder)),
      added_tokens_(std::move(file.added_tokens)) {
  const auto put = [this](TokenId id, std::string bytes, bool is_special) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= bytes_.size()) {
      bytes_.resize(index + 1);
      is_special_.resize(index + 1);
    }
    bytes_[index] = std::move(bytes);
    is_special_[index] = is_special;
  };
  for (auto& [bytes, id] : file.vocabulary) put(id, std::move(bytes), false);
  for (const AddedToken& token : added_tokens_) put(token.id, token.content, token.is_special);
  std::ranges::stable_sort(added_tokens_, std::ranges::greater{},
                           [](const AddedToken& token) { return token.content.size(); });
}

Result<std::vector<TokenId>> Tokenizer::encode(std::string_view text) const {
  const std::size_t valid = valid_utf8_prefix(text);
  if (valid != text.size()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("the text is not UTF-8 at byte {}", valid));
  }
  std::vector<TokenId> tokens;
  std::size_t plain_begin = 0;
  std::size_t position = 0;
  while (position < text.size()) {
    const AddedToken* added = added_token_at(text.substr(position));
    if (added == nullptr) {
      ++position;
      continue;
    }
    const Status plain = encode_plain(text.substr(plain_begin, position - plain_begin), tokens);
    if (!plain) return tl::unexpected(plain.error());
    tokens.push_back(added->id);
    position += added->content.size();
    plain_begin = position;
  }
  const Status plain = encode_plain(text.substr(plain_begin), tokens);
  if (!plain) return tl::unexpected(plain.error());
  return tokens;
}

Status Tokenizer::encode_plain(std::string_view text, std::vector<TokenId>& tokens) const {
  const Result<std::vector<std::string_view>> pieces = splitter_.split(text);
  if (!pieces) return tl::unexpected(pieces.error());
  for (const std::string_view piece : *pieces) encoder_.encode(piece, tokens);
  return {};
}

const AddedToken* Tokenizer::added_token_at(std::string_view text) const {
  const auto stands_here = [text](const AddedToken& token) {
    return text.starts_with(token.content);
  };
  const auto found = std::ranges::find_if(added_tokens_, stands_here);
  return found == added_tokens_.end() ? nullptr : &*found;
}

std::string Tokenizer::decode(std::span<const TokenId> tokens, bool with_special_tokens) const {
  std::string bytes;
  for (const TokenId token : tokens) {
    if (with_special_tokens || !is_special(token)) bytes += bytes_of(token);
  }
  return bytes;
}

std::string_view Tokenizer::bytes_of(TokenId token) const {
  const auto index = static_cast<std::size_t>(token);
  return token >= 0 && index < bytes_.size() ? bytes_[index] : std::string_view();
}

bool Tokenizer::is_special(TokenId token) const {
  const auto index = static_cast<std::size_t>(token);
  return token >= 0 && index < is_special_.size() && is_special_[index];
}

std::optional<TokenId> Tokenizer::added_token(std::string_view content) const {
  const auto found = std::ranges::find(added_tokens_, content, &AddedToken::content);
  return found == added_tokens_.end() ? std::nullopt : std::optional(found->id);
}

}  // namespace mk
