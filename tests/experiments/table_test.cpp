#include "experiments/cli/table.h"

#include <gtest/gtest.h>

namespace mk::cli {
namespace {

TEST(Table, PutsNumbersToTheRightAndWordsToTheLeft) {
  Table table({"name", "us"});
  table.add({"a", "1.5"});
  table.add({"longer", "12.25"});

  EXPECT_EQ(table.str(), "name       us\na         1.5\nlonger  12.25\n");
}

TEST(Table, CountsLettersNotBytes) {
  Table table({});
  table.add({"±1", "x"});
  table.add({"abc", "y"});

  EXPECT_EQ(table.str(), "±1   x\nabc  y\n");
}

}  // namespace
}  // namespace mk::cli
