// The prompt of a run, and the text of its answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/result.h"
#include "experiments/cli/flags.h"
#include "gpu_backend/weights/language.h"

namespace mk::cli {

struct PromptFlags {
  std::string ids = "1";
  std::string text{};
  std::string raw_text{};
  std::optional<Flag> ids_flag{};
  std::optional<Flag> text_flag{};
  std::optional<Flag> raw_text_flag{};
};

void declare_prompt_flags(Flags& parser, PromptFlags& flags);

struct Prompt {
  std::vector<std::uint32_t> tokens{};
  std::vector<std::uint32_t> end_of_sequence{};
  std::optional<Language> language{};  // none where the model's folder has no tokenizer

  // Requires: there is a language.
  std::string text_of(const std::vector<std::uint32_t>& generated) const;
};

// `folder` is where tokenizer.json may lie; empty: nowhere. `config` is the model's config.json.
// kUsage where two prompts are given; NotFound where a text has no tokenizer.
Result<Prompt> make_prompt(const PromptFlags& flags, const std::string& folder,
                           const std::string& config);

}  // namespace mk::cli
