#include "tests/golden/golden.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/source_dir.h"

namespace mk::testing {
namespace {

bool update_golden = false;

std::filesystem::path path_of(const std::string& name) {
  return std::filesystem::path(source_dir()) / "tests" / "golden" / name;
}

}  // namespace

void set_update_golden(bool update) { update_golden = update; }

void expect_golden(std::string_view text, const std::string& name) {
  const std::filesystem::path path = path_of(name);
  if (update_golden) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream expected;
  expected << file.rdbuf();
  ASSERT_TRUE(file.good()) << path << " is missing; run this program with --update-golden";
  EXPECT_EQ(text, expected.str()) << "differs from " << path
                                  << "; if that is meant, run this program with --update-golden";
}

}  // namespace mk::testing
