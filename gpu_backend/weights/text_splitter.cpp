#include "gpu_backend/weights/text_splitter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <array>
#include <utility>

namespace mk {

namespace {

std::string pcre_message(int code) {
  std::array<PCRE2_UCHAR8, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};

}  // namespace

// One compiled pattern. PCRE's compiled code is constant, so threads may share it; match data is
// made for each call.
class TextSplitter::Pattern {
 public:
  static Result<std::shared_ptr<const Pattern>> compile(const std::string& text) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR8>(text.data()), text.size(),
                                     PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
    if (code == nullptr) {
      return fail(ErrorCode::kInvalidInput, fmt::format("pattern {}: at character {}: {}", text,
                                                        offset, pcre_message(error)));
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it fails, matching interprets
    return std::make_shared<const Pattern>(code, text);
  }

  Pattern(pcre2_code* code, std::string text) : code_(code), text_(std::move(text)) {}

  Status split(std::string_view text, std::vector<std::string_view>& pieces) const {
    const std::unique_ptr<pcre2_match_data, FreeMatch> match(
        pcre2_match_data_create_from_pattern(code_.get(), nullptr));
    std::size_t done = 0;    // what lies before went into `pieces`
    std::size_t search = 0;  // where the next match may begin
    while (search < text.size()) {
      const int found = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR8>(text.data()),
                                    text.size(), search, PCRE2_NO_UTF_CHECK, match.get(), nullptr);
      if (found == PCRE2_ERROR_NOMATCH) break;
      if (found < 0) {
        return fail(
            ErrorCode::kInvalidInput,
            fmt::format("cannot split the text with pattern {}: {}", text_, pcre_message(found)));
      }
      const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
      if (range[0] > done && range[1] > range[0])
        pieces.push_back(text.substr(done, range[0] - done));
      if (range[1] > range[0]) {
        pieces.push_back(text.substr(range[0], range[1] - range[0]));
        done = search = range[1];
      } else {
        search = end_of_character(text, range[0]);  // an empty match cuts nothing
      }
    }
    if (done < text.size()) pieces.push_back(text.substr(done));
    return {};
  }

 private:
  static std::size_t end_of_character(std::string_view text, std::size_t begin) {
    std::size_t end = begin + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    return end;
  }

  std::unique_ptr<pcre2_code, FreeCode> code_;
  std::string text_;
};

Result<TextSplitter> TextSplitter::compile(std::span<const std::string> patterns) {
  TextSplitter splitter;
  for (const std::string& text : patterns) {
    Result<std::shared_ptr<const Pattern>> pattern = Pattern::compile(text);
    if (!pattern) return tl::unexpected(std::move(pattern).error());
    splitter.patterns_.push_back(std::move(*pattern));
  }
  return splitter;
}

Result<std::vector<std::string_view>> TextSplitter::split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  if (!text.empty()) pieces.push_back(text);
  for (const std::shared_ptr<const Pattern>& pattern : patterns_) {
    std::vector<std::string_view> finer;
    for (const std::string_view piece : pieces) {
      const Status split = pattern->split(piece, finer);
      if (!split) return tl::unexpected(split.error());
    }
    pieces = std::move(finer);
  }
  return pieces;
}

}  // namespace mk
