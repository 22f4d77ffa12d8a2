#include "gui/model/matching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gui/sample_traces.h"

namespace mk::gui {
namespace {

TEST(Matching, TasksOfOneGraphMatchById) {
  const auto a = testing::tiny_trace("a");
  const auto b = testing::tiny_trace("b", 5);
  const Matching m = match_tasks(a->trace(), b->trace());
  EXPECT_EQ(m.matched, 8U);
  EXPECT_EQ(m.only_first + m.only_second, 0U);
  EXPECT_TRUE(m.notes.empty());
}

TEST(Matching, OfDifferentGraphsMatchByOperatorAndTileAndTheRestIsSaid) {
  const auto a = testing::tiny_trace("a");
  const auto b = testing::tiny_trace("b");
  Trace other = b->trace();
  other.graphs[0].hash ^= 1;
  other.graphs[0].operators[1].tiles = 3;
  other.meta["policy"] = "jit";
  const Matching m = match_tasks(a->trace(), other);
  EXPECT_EQ(m.matched, 4U);  // qkv
  EXPECT_EQ(m.only_first, 4U);
  EXPECT_EQ(m.only_second, 4U);
  EXPECT_THAT(m.notes, ::testing::Contains(::testing::HasSubstr("not matched: down")));
  EXPECT_THAT(m.notes, ::testing::Contains(::testing::HasSubstr("policy differs")));
}

}  // namespace
}  // namespace mk::gui
