#include "experiments/cli/prompt.h"

#include <filesystem>
#include <utility>

#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

bool has_tokenizer(const std::string& folder) {
  std::error_code ignored;
  return !folder.empty() &&
         std::filesystem::exists(std::filesystem::path(folder) / "tokenizer.json", ignored);
}

Result<std::vector<std::uint32_t>> encode(const PromptFlags& flags, const Prompt& prompt) {
  const bool chat = flags.text_flag->is_given();
  if (!chat && !flags.raw_text_flag->is_given()) return parse_counts("--prompt", flags.ids);
  if (!prompt.language) {
    return fail(ErrorCode::kNotFound,
                "a text prompt needs a tokenizer: give MODEL or --weights as a folder with "
                "tokenizer.json (scripts/fetch-model makes one), or token ids with --prompt");
  }
  const Result<std::vector<TokenId>> tokens =
      chat ? prompt.language->chat_prompt(flags.text) : prompt.language->raw_prompt(flags.raw_text);
  if (!tokens) return tl::unexpected(tokens.error());
  return std::vector<std::uint32_t>(tokens->begin(), tokens->end());
}

}  // namespace

std::string Prompt::text_of(const std::vector<std::uint32_t>& generated) const {
  return language->text_of(std::vector<TokenId>(generated.begin(), generated.end()));
}

void declare_prompt_flags(Flags& parser, PromptFlags& flags) {
  flags.text_flag = parser.value("--text", flags.text, "TEXT",
                                 "what the user says; the chat template is applied");
  flags.raw_text_flag =
      parser.value("--raw-text", flags.raw_text, "TEXT", "a text to continue, as it stands");
  flags.ids_flag = parser.value("--prompt", flags.ids, "1,2,3", "token ids instead of a text");
}

Result<Prompt> make_prompt(const PromptFlags& flags, const std::string& folder,
                           const std::string& config) {
  const int given = (flags.ids_flag->is_given() ? 1 : 0) + (flags.text_flag->is_given() ? 1 : 0) +
                    (flags.raw_text_flag->is_given() ? 1 : 0);
  if (given > 1) return fail(ErrorCode::kUsage, "give one of --text, --raw-text and --prompt");
  Prompt prompt;
  if (has_tokenizer(folder)) {
    Result<Language> language = Language::open(folder);
    if (!language) return tl::unexpected(language.error());
    prompt.end_of_sequence.assign(language->end_tokens().begin(), language->end_tokens().end());
    prompt.language = std::move(*language);
  } else if (!config.empty()) {
    const Result<ModelConfig> model = model_from_json(config, "the graph's model config", "model");
    if (!model) return tl::unexpected(model.error());
    prompt.end_of_sequence = model->end_of_sequence;
  }
  Result<std::vector<std::uint32_t>> tokens = encode(flags, prompt);
  if (!tokens) return tl::unexpected(tokens.error());
  prompt.tokens = std::move(*tokens);
  return prompt;
}

}  // namespace mk::cli
