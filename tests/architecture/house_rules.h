// The house rules that a machine can hold.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mk::architecture {

// What one source file does wrong: a header without #pragma once or without a comment at its start,
// a file that is too long.
std::vector<std::string> file_violations(std::string_view path, std::string_view text);

// The headings that a top folder's README.md lacks. `path` is only for the message.
std::vector<std::string> readme_violations(std::string_view path, std::string_view text);

// "" iff the CMakeLists.txt of the file's folder, or of one above it, names the file: what is not
// listed is not built.
std::string listing_violation(const std::string& root, const std::string& path);

}  // namespace mk::architecture
