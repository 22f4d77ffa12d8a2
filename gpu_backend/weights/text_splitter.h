// Cuts text into the pieces that BPE then works on, one by one.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace mk {

// Immutable after compile(); any number of threads may split at once.
class TextSplitter {
 public:
  // Each pattern cuts every piece that the pattern before it left; a match and what lies between
  // two matches are pieces. \p{L}, \p{N} and so on go by Unicode. kInvalidInput for a pattern that
  // is no regular expression.
  [[nodiscard]] static Result<TextSplitter> compile(std::span<const std::string> patterns);

  // The pieces in order; together they are the text. None is empty. kInvalidInput where a pattern
  // needs too many steps for this text. Requires: text is valid UTF-8.
  [[nodiscard]] Result<std::vector<std::string_view>> split(std::string_view text) const;

 private:
  class Pattern;

  std::vector<std::shared_ptr<const Pattern>> patterns_{};
};

}  // namespace mk
