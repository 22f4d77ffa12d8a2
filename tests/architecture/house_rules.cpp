#include "tests/architecture/house_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "tests/architecture/source_tree.h"

namespace mk::architecture {
namespace {

constexpr std::size_t kMaxLines = 600;

constexpr std::string_view kReadmeHeadings[] = {
    "Purpose", "Not here", "Flow", "Invariants", "Not modelled", "Reading order", "Decisions"};

// Whether `line` is a Markdown heading of any level with this text, in any case.
bool is_heading(std::string_view line, std::string_view heading) {
  if (!line.starts_with('#')) return false;
  line.remove_prefix(std::min(line.find_first_not_of("# "), line.size()));
  while (line.ends_with(' ') || line.ends_with('\r')) line.remove_suffix(1);
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(line.begin(), line.end(), heading.begin(), heading.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

// Whether `name` stands in a CMake text as a word of its own: "b.cpp" is not named by "ab.cpp" nor
// by "x/b.cpp".
bool names_file(std::string_view cmake, std::string_view name) {
  const auto ends_word = [](char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '(' || c == ')' || c == '"';
  };
  for (std::size_t at = cmake.find(name); at != std::string_view::npos;
       at = cmake.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at == 0 || ends_word(cmake[at - 1])) && (end == cmake.size() || ends_word(cmake[end])))
      return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> file_violations(std::string_view path, std::string_view text) {
  std::vector<std::string> violations;
  const std::vector<std::string_view> lines = split_lines(text);
  if (lines.size() > kMaxLines) {
    violations.push_back(
        fmt::format("{}: {} lines; one idea a file, at most {}", path, lines.size(), kMaxLines));
  }
  if (!is_header(path)) return violations;
  if (!text.starts_with("//")) {
    violations.push_back(
        fmt::format("{}: a header starts with the comment that says what it is for", path));
  }
  if (std::find(lines.begin(), lines.end(), "#pragma once") == lines.end()) {
    violations.push_back(fmt::format("{}: no #pragma once", path));
  }
  return violations;
}

std::vector<std::string> readme_violations(std::string_view path, std::string_view text) {
  std::vector<std::string> violations;
  const std::vector<std::string_view> lines = split_lines(text);
  for (const std::string_view heading : kReadmeHeadings) {
    const bool found = std::any_of(lines.begin(), lines.end(), [&](std::string_view line) {
      return is_heading(line, heading);
    });
    if (!found) violations.push_back(fmt::format("{}: no heading '{}'", path, heading));
  }
  return violations;
}

std::string listing_violation(const std::string& root, const std::string& path) {
  namespace fs = std::filesystem;
  for (fs::path folder = fs::path(path).parent_path(); !folder.empty();
       folder = folder.parent_path()) {
    const std::string cmake = read_text((fs::path(root) / folder / "CMakeLists.txt").string());
    if (names_file(cmake, fs::path(path).lexically_relative(folder).generic_string())) return "";
  }
  return fmt::format("{}: listed in no CMakeLists.txt of its folder or above, so it is not built",
                     path);
}

}  // namespace mk::architecture
