#include "tests/architecture/source_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace mk::architecture {

namespace fs = std::filesystem;

const std::vector<std::string>& top_folders() {
  static const std::vector<std::string> folders = {
      "core", "traces", "simulator", "gpu_backend", "profiler", "experiments", "gui", "tests"};
  return folders;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool is_header(std::string_view path) {
  return path.ends_with(".h") || path.ends_with(".hpp") || path.ends_with(".cuh");
}

std::vector<SourceFile> read_sources(const std::string& root) {
  std::vector<SourceFile> files;
  for (const std::string& folder : top_folders()) {
    if (!fs::is_directory(fs::path(root) / folder)) continue;
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(fs::path(root) / folder)) {
      const std::string path = entry.path().lexically_relative(root).generic_string();
      const bool source = is_header(path) || path.ends_with(".cpp") || path.ends_with(".cu");
      if (entry.is_regular_file() && source)
        files.push_back({path, read_text(entry.path().string())});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace mk::architecture
