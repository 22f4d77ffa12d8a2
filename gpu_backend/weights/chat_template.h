// How a model wants a conversation written down.
//
// Files of models carry the template as a Jinja program. We run no Jinja: we recognise the programs
// that we know what they print, and refuse others. Known: ChatML, with or without a default system
// message, as SmolLM2 has it:
//
//   <|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging
//   Face<|im_end|>\n
//   <|im_start|>user\nHello<|im_end|>\n
//   <|im_start|>assistant\n
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace mk {

struct ChatMessage {
  std::string role{};  // "system", "user" or "assistant"
  std::string content{};
};

class ChatTemplate {
 public:
  // kUnsupported, in one line, where the program is none of the known ones.
  [[nodiscard]] static Result<ChatTemplate> recognise(std::string_view jinja);

  // The conversation, then the opening of the assistant's answer. The default system message, if
  // the template has one, goes in front unless the first message is a system message.
  std::string render(std::span<const ChatMessage> messages) const;

  // Empty where there is none.
  const std::string& default_system_message() const { return system_; }

 private:
  explicit ChatTemplate(std::string system) : system_(std::move(system)) {}

  std::string system_{};
};

}  // namespace mk
