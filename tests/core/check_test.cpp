#include "core/check.h"

#include <gtest/gtest.h>

namespace mk {
namespace {

TEST(CheckDeathTest, NamesTheSentenceTheConditionAndThePlace) {
  const int tasks = 3;

  EXPECT_DEATH(MK_CHECK(tasks < 3, "ids are dense"),
               "check_test.cpp:[0-9]+: internal error: ids are dense \\(violated: tasks < 3\\)");
}

TEST(Check, EvaluatesItsConditionOnce) {
  int evaluations = 0;

  MK_CHECK(++evaluations == 1, "the first evaluation is the only one");

  EXPECT_EQ(evaluations, 1);
}

}  // namespace
}  // namespace mk
