#include "core/graph_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace mk {

void GraphSettings::apply_to(StepShape& step, std::uint32_t context) const {
  step.attention_parts = attention_parts;
  step.attention_positions =
      attention_parts > 0 ? (context + attention_parts - 1) / attention_parts : 0;
  step.page_positions = page_positions;
}

Result<GraphSettings> parse_graph_settings(std::span<const std::string> texts) {
  constexpr std::string_view kTasks = ".tasks";
  GraphSettings settings;
  for (const std::string& text : texts) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string_view name = std::string_view(text).substr(0, equals);
    const std::string_view number =
        std::string_view(text).substr(std::min(equals + 1, text.size()));
    std::uint32_t* value = nullptr;
    if (name == "attention.parts") {
      value = &settings.attention_parts;
    } else if (name == "attention.page") {
      value = &settings.page_positions;
    } else if (name.ends_with(kTasks) && name.size() > kTasks.size()) {
      value = &settings.tasks_of[std::string(name.substr(0, name.size() - kTasks.size()))];
    } else {
      return fail(
          ErrorCode::kUsage,
          fmt::format("set: '{}' is not OPERATOR.tasks=N, attention.parts=N or attention.page=N",
                      text));
    }
    const char* const end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, *value);
    if (error != std::errc() || stop != end) {
      return fail(ErrorCode::kUsage, fmt::format("set: '{}' has no whole number", text));
    }
  }
  return settings;
}

}  // namespace mk
