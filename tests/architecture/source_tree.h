// The sources of this project as text, for tests that hold its rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mk::architecture {

struct SourceFile {
  std::string path{};  // from the project root, with '/': "core/units.h"
  std::string text{};
};

// The fixed top-level folders that hold sources.
const std::vector<std::string>& top_folders();

// Every C++ and CUDA file under the top folders of `root`, sorted by path.
std::vector<SourceFile> read_sources(const std::string& root);

// The whole file, or "" where there is none.
std::string read_text(const std::string& path);

bool is_header(std::string_view path);

std::vector<std::string_view> split_lines(std::string_view text);

}  // namespace mk::architecture
