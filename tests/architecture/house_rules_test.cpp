// Holds the house rules against the whole tree, and shows on planted cases that each would notice.
#include "tests/architecture/house_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/architecture/source_tree.h"
#include "tests/support/source_dir.h"

namespace mk::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kGoodHeader = "// What it is for.\n#pragma once\n";

// An empty folder that is gone again at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = ::testing::TempDir() + "house_rules_XXXXXX";
    if (mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path_ + "/" + name).parent_path());
    std::ofstream(path_ + "/" + name) << text;
  }

 private:
  std::string path_;
};

TEST(HouseRules, HoldInEverySourceFile) {
  for (const SourceFile& file : read_sources(source_dir())) {
    EXPECT_THAT(file_violations(file.path, file.text), IsEmpty());
  }
}

TEST(HouseRules, EverySourceFileIsListedInACMakeLists) {
  std::vector<std::string> violations;
  for (const SourceFile& file : read_sources(source_dir())) {
    const std::string violation = listing_violation(source_dir(), file.path);
    if (!violation.empty()) violations.push_back(violation);
  }

  EXPECT_THAT(violations, IsEmpty());
}

TEST(HouseRules, EveryFolderWithSourcesHasAReadmeWithTheHeadings) {
  const std::vector<SourceFile> sources = read_sources(source_dir());
  for (const std::string& folder : top_folders()) {
    const bool used = std::any_of(sources.begin(), sources.end(), [&](const SourceFile& file) {
      return file.path.starts_with(folder + "/");
    });
    if (!used) continue;
    const std::string path = folder + "/README.md";
    EXPECT_THAT(readme_violations(path, read_text(source_dir() + "/" + path)), IsEmpty());
  }
}

TEST(FileRule, TakesAGoodHeader) {
  EXPECT_THAT(file_violations("core/a.h", kGoodHeader), IsEmpty());
}

TEST(FileRule, WantsPragmaOnceInHeadersOnly) {
  EXPECT_THAT(file_violations("core/a.h", "// What it is for.\n"),
              ElementsAre(HasSubstr("core/a.h: no #pragma once")));
  EXPECT_THAT(file_violations("core/a.cpp", "int a;\n"), IsEmpty());
}

TEST(FileRule, WantsACommentAtTheStartOfAHeader) {
  EXPECT_THAT(file_violations("core/a.h", "#pragma once\n// Late.\n"),
              ElementsAre(HasSubstr("starts with the comment")));
}

TEST(FileRule, RefusesLine601) {
  std::string text;
  for (int line = 0; line < 600; ++line) text += "int a;\n";

  EXPECT_THAT(file_violations("core/a.cpp", text), IsEmpty());
  EXPECT_THAT(file_violations("core/a.cpp", text + "int a;\n"),
              ElementsAre(HasSubstr("601 lines")));
}

TEST(ReadmeRule, NamesEachMissingHeading) {
  const std::string text =
      "# core\n## Purpose\n## Not here\n## flow\n## Invariants\nNot modelled\n## Reading order\n";

  EXPECT_THAT(readme_violations("core/README.md", text),
              ElementsAre("core/README.md: no heading 'Not modelled'",
                          "core/README.md: no heading 'Decisions'"));
}

TEST(ListingRule, FindsTheFileInItsOwnListOrInOneAbove) {
  const TemporaryFolder root;
  root.write("core/CMakeLists.txt", "megascope_library(core\n  SOURCES a.cpp sub/b.cpp)\n");

  EXPECT_EQ(listing_violation(root.path(), "core/a.cpp"), "");
  EXPECT_EQ(listing_violation(root.path(), "core/sub/b.cpp"), "");
}

TEST(ListingRule, IsNotFooledByALongerName) {
  const TemporaryFolder root;
  root.write("core/CMakeLists.txt", "megascope_library(core SOURCES aa.cpp sub/b.cpp)\n");

  EXPECT_THAT(listing_violation(root.path(), "core/a.cpp"),
              HasSubstr("core/a.cpp: listed in no CMakeLists.txt"));
  EXPECT_THAT(listing_violation(root.path(), "core/b.cpp"),
              HasSubstr("core/b.cpp: listed in no CMakeLists.txt"));
}

}  // namespace
}  // namespace mk::architecture
