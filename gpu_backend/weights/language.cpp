#include "gpu_backend/weights/language.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "gpu_backend/weights/mapped_file.h"
#include "gpu_backend/weights/utf8.h"

namespace mk {

namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

// An empty object where there is no such file.
Result<Json> read_object(const fs::path& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file && file.error().code == ErrorCode::kNotFound) return Json::object();
  if (!file) return tl::unexpected(file.error());
  const auto* text = reinterpret_cast<const char*>(file->bytes().data());
  Json json = Json::parse(text, text + file->bytes().size(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: no JSON object", path.string()));
  }
  return json;
}

// Newer files hold a list of named templates; the one for plain conversations is called "default".
const Json* find_template(const Json& config) {
  const auto entry = config.find("chat_template");
  if (entry == config.end() || entry->is_null()) return nullptr;
  if (!entry->is_array()) return &*entry;
  for (const Json& named : *entry) {
    if (named.is_object() && named.value("name", Json()) == "default" &&
        named.contains("template")) {
      return &named["template"];
    }
  }
  return nullptr;
}

Result<ChatTemplate> read_chat_template(const fs::path& path) {
  const Result<Json> config = read_object(path);
  if (!config) return tl::unexpected(config.error());
  const Json* jinja = find_template(*config);
  if (jinja == nullptr || !jinja->is_string()) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: has no chat_template; use --raw-text", path.string()));
  }
  Result<ChatTemplate> chat = ChatTemplate::recognise(jinja->get_ref<const std::string&>());
  if (!chat) return with_context(path.string(), std::move(chat).error());
  return chat;
}

// None where the value is no token id or list of them.
std::optional<std::vector<TokenId>> token_list(const Json& value) {
  std::vector<TokenId> tokens;
  for (const Json& entry : value.is_array() ? value : Json::array({value})) {
    if (!entry.is_number_unsigned() || entry.get<std::uint64_t>() > 0x7fffffff) return std::nullopt;
    tokens.push_back(entry.get<TokenId>());
  }
  std::ranges::sort(tokens);
  return tokens;
}

Result<std::vector<TokenId>> read_end_tokens(const fs::path& folder) {
  for (const char* name : {"generation_config.json", "config.json"}) {
    const Result<Json> config = read_object(folder / name);
    if (!config) return tl::unexpected(config.error());
    const auto entry = config->find("eos_token_id");
    if (entry == config->end() || entry->is_null()) continue;
    std::optional<std::vector<TokenId>> tokens = token_list(*entry);
    if (tokens) return std::move(*tokens);
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: eos_token_id: {}: neither a token id nor a list of them",
                            (folder / name).string(), entry->dump()));
  }
  return std::vector<TokenId>{};
}

}  // namespace

Result<Language> Language::open(const fs::path& folder) {
  Result<Tokenizer> tokenizer = Tokenizer::open(folder / "tokenizer.json");
  if (!tokenizer) return tl::unexpected(std::move(tokenizer).error());
  Result<std::vector<TokenId>> end_tokens = read_end_tokens(folder);
  if (!end_tokens) return tl::unexpected(std::move(end_tokens).error());
  return Language(std::move(*tokenizer), read_chat_template(folder / "tokenizer_config.json"),
                  std::move(*end_tokens));
}

Language::Language(Tokenizer tokenizer, Result<ChatTemplate> chat, std::vector<TokenId> end_tokens)
    : tokenizer_(std::move(tokenizer)),
      chat_(std::move(chat)),
      end_tokens_(std::move(end_tokens)) {}

Result<std::vector<TokenId>> Language::chat_prompt(std::string_view text) const {
  if (!chat_) return tl::unexpected(chat_.error());
  const std::array<ChatMessage, 1> messages = {{{"user", std::string(text)}}};
  return tokenizer_.encode(chat_->render(messages));
}

Result<std::vector<TokenId>> Language::raw_prompt(std::string_view text) const {
  return tokenizer_.encode(text);
}

bool Language::ends_answer(TokenId token) const {
  return std::ranges::binary_search(end_tokens_, token);
}

std::string Language::text_of(std::span<const TokenId> tokens) const {
  return replace_invalid_utf8(tokenizer_.decode(tokens));
}

}  // namespace mk
