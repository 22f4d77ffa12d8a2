#include "gpu_backend/weights/chat_template.h"

#include <fmt/format.h>

#include <optional>

namespace mk {

namespace {

constexpr std::string_view kLoop = "{% for message in messages %}";
constexpr std::string_view kSystemBegin =
    "{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n";
constexpr std::string_view kSystemEnd = "<|im_end|>\n' }}{% endif %}";
constexpr std::string_view kMessages =
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

// Jinja takes a newline in a literal and the two characters \n for the same.
std::string with_plain_newlines(std::string_view jinja) {
  std::string result;
  for (std::size_t i = 0; i < jinja.size(); ++i) {
    const bool is_escape = jinja.substr(i).starts_with("\\n");
    result += is_escape ? '\n' : jinja[i];
    if (is_escape) ++i;
  }
  return result;
}

bool skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// The default system message, maybe empty; none where the program is not ChatML.
std::optional<std::string> system_message_of(std::string_view program) {
  if (!skip(program, kLoop)) return std::nullopt;
  std::string_view system;
  if (skip(program, kSystemBegin)) {
    const std::size_t end = program.find(kSystemEnd);
    if (end == std::string_view::npos) return std::nullopt;
    system = program.substr(0, end);
    program.remove_prefix(end + kSystemEnd.size());
    // A quote would end the literal, a backslash would be an escape, and an empty text is not
    // "none".
    if (system.empty() || system.find_first_of("'\\") != std::string_view::npos)
      return std::nullopt;
  }
  if (program != kMessages) return std::nullopt;
  return std::string(system);
}

}  // namespace

Result<ChatTemplate> ChatTemplate::recognise(std::string_view jinja) {
  std::optional<std::string> system = system_message_of(with_plain_newlines(jinja));
  if (!system) {
    return fail(ErrorCode::kUnsupported,
                "its chat template is none that is known here (ChatML, with or without a default "
                "system message); use --raw-text");
  }
  return ChatTemplate(std::move(*system));
}

std::string ChatTemplate::render(std::span<const ChatMessage> messages) const {
  std::string text;
  const auto append = [&text](std::string_view role, std::string_view content) {
    text += fmt::format("<|im_start|>{}\n{}<|im_end|>\n", role, content);
  };
  const bool has_system = !messages.empty() && messages.front().role == "system";
  if (!system_.empty() && !messages.empty() && !has_system) append("system", system_);
  for (const ChatMessage& message : messages) append(message.role, message.content);
  return text + "<|im_start|>assistant\n";
}

}  // namespace mk
