#include "experiments/sweep/result_text.h"

#include <fmt/format.h>

#include <charconv>

namespace mk {
namespace {

template <typename T>
bool take_number(std::string_view& text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop == end || *stop != '\t') return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
  return true;
}

}  // namespace

std::string result_to_text(const SweepResult& result) {
  std::string text;
  for (const SweepMeasure& measure : kSweepMeasures) {
    text += measure.real != nullptr ? fmt::format("{}\t", result.*measure.real)
                                    : fmt::format("{}\t", result.*measure.whole);
  }
  return text + result.refused;
}

Result<SweepResult> result_from_text(std::string_view text) {
  SweepResult result;
  for (const SweepMeasure& measure : kSweepMeasures) {
    const bool taken = measure.real != nullptr ? take_number(text, result.*measure.real)
                                               : take_number(text, result.*measure.whole);
    if (!taken)
      return fail(ErrorCode::kInvalidInput, fmt::format("a rank's answer lacks {}", measure.name));
  }
  result.refused = text;
  return result;
}

}  // namespace mk
