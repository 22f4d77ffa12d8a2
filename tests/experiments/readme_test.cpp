// The root README shows what is compiled and what the program has.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "experiments/cli/verb.h"
#include "tests/support/source_dir.h"

namespace mk::testing {
namespace {

std::string read(const std::string& name) {
  std::ifstream file(source_dir() + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What stands between the first `begin` and the next `end`; empty iff there is no such place.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  if (from == std::string::npos) return "";
  const std::size_t to = text.find(end, from + begin.size());
  return to == std::string::npos ? "" : text.substr(from + begin.size(), to - from - begin.size());
}

TEST(Readme, ShowsTheExampleThatIsCompiled) {
  const std::string compiled =
      between(read("tests/core/readme_example_test.cpp"), "// [readme]\n", "// [readme]\n");

  ASSERT_FALSE(compiled.empty());
  EXPECT_EQ(between(read("README.md"), "```cpp\n", "```\n"), compiled);
}

TEST(Readme, NamesOnlyVerbsThatAreThere) {
  std::istringstream quick_start(between(read("README.md"), "## Quick start\n", "\n## "));
  std::size_t commands = 0;
  for (std::string line; std::getline(quick_start, line);) {
    std::istringstream words(line);
    std::string program;
    std::string verb;
    words >> program >> verb;
    if (program != "megascope") continue;
    ++commands;
    EXPECT_NE(cli::find_verb(verb), nullptr) << line;
  }
  EXPECT_GE(commands, 10U);
}

TEST(Readme, LinksToFilesThatAreThere) {
  const std::string text = read("README.md");
  std::size_t links = 0;
  for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1)) {
    const std::string target = text.substr(at + 2, text.find(')', at) - at - 2);
    if (target.empty() || target.find_first_of(" \n:") != std::string::npos) continue;
    ++links;
    EXPECT_TRUE(std::filesystem::exists(source_dir() + "/" + target)) << target;
  }
  EXPECT_GE(links, 8U);
}

}  // namespace
}  // namespace mk::testing
