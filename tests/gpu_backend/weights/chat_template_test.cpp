#include "gpu_backend/weights/chat_template.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/gpu_backend/weights/tokenizer_cases.h"

namespace mk {
namespace {

using ::testing::HasSubstr;

std::string template_of_smollm2() { return tokenizer_cases()["chat_template"]; }

TEST(ChatTemplate, RendersAsJinja) {
  const Result<ChatTemplate> chat = ChatTemplate::recognise(template_of_smollm2());
  ASSERT_TRUE(chat.has_value()) << chat.error().message;
  ASSERT_EQ(tokenizer_cases()["chat"].size(), 3u);
  for (const nlohmann::json& example : tokenizer_cases()["chat"]) {
    std::vector<ChatMessage> messages;
    for (const nlohmann::json& message : example["messages"]) {
      messages.push_back({message["role"], message["content"]});
    }
    EXPECT_EQ(chat->render(messages), example["text"]);
  }
}

TEST(ChatTemplate, TakesEscapedNewlinesForNewlines) {
  std::string escaped = template_of_smollm2();
  for (std::size_t at = escaped.find('\n'); at != std::string::npos; at = escaped.find('\n')) {
    escaped.replace(at, 1, "\\n");
  }

  const Result<ChatTemplate> chat = ChatTemplate::recognise(escaped);

  ASSERT_TRUE(chat.has_value());
  EXPECT_EQ(chat->default_system_message(),
            "You are a helpful AI assistant named SmolLM, trained by Hugging Face");
}

TEST(ChatTemplate, KnowsChatMlWithoutASystemMessage) {
  const Result<ChatTemplate> chat = ChatTemplate::recognise(
      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] "
      "+ "
      "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' "
      "}}{% endif %}");

  ASSERT_TRUE(chat.has_value());
  EXPECT_EQ(chat->render(std::vector<ChatMessage>{{"user", "Hi"}}),
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatTemplate, RefusesProgramsThatItDoesNotKnow) {
  std::string changed = template_of_smollm2();
  changed.replace(changed.find("message['content']"), 18, "message['content'] | trim");
  std::string quoted = template_of_smollm2();
  quoted.replace(quoted.find("You are"), 7, "' + x + '");
  for (const std::string& jinja : {std::string(), changed, quoted, template_of_smollm2() + "x"}) {
    const Result<ChatTemplate> chat = ChatTemplate::recognise(jinja);
    ASSERT_FALSE(chat.has_value()) << jinja;
    EXPECT_EQ(chat.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(chat.error().message, HasSubstr("--raw-text"));
  }
}

}  // namespace
}  // namespace mk
