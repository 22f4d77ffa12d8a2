#include "profiler/capture/capture_log.h"

namespace mk::capture {

Text CaptureSink::intern(std::string_view text) {
  const auto next = static_cast<Text>(texts_.size());
  const auto [at, is_new] = texts_.try_emplace(std::string(text), next);
  if (is_new) add_text(text);
  return at->second;
}

}  // namespace mk::capture
