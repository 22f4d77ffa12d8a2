// UTF-8 at the borders of the tokenizer: text that comes in is checked, bytes that go out may need
// mending.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mk {

// The length of the longest valid prefix; bytes.size() iff the whole is valid UTF-8 (no overlong
// forms, no surrogates).
std::size_t valid_utf8_prefix(std::string_view bytes);

// Puts U+FFFD in place of each maximal part of a sequence that is not valid, as Rust and Python's
// errors="replace" do.
std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace mk
