// The paper's Table 2 to the digit (issue 2; counting rules: facts/mpk.md 1.3).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/compiler.h"

namespace mk {
namespace {

struct Row {
  const char* model;
  std::uint64_t operators, tasks, events, pairs, before, after;
  const char* per_operator;
};

class Table2 : public ::testing::TestWithParam<Row> {};

TEST_P(Table2, HoldsToTheDigit) {
  const Row& row = GetParam();
  const auto model = load_model(row.model);
  ASSERT_TRUE(model) << model.error().message;
  const auto compiled = compile_model(*model, {}, {});
  ASSERT_TRUE(compiled) << compiled.error().message;
  const CompileStatistics& s = compiled->statistics;
  EXPECT_EQ(s.operators, row.operators);
  EXPECT_EQ(s.tasks, row.tasks);
  EXPECT_EQ(fmt::format("{:.1f}", s.tasks_per_operator), row.per_operator);
  EXPECT_EQ(s.events, row.events);
  EXPECT_EQ(s.task_pairs, row.pairs);
  EXPECT_EQ(s.successor_bytes_before, row.before);
  EXPECT_EQ(s.successor_bytes_after, row.after);
  EXPECT_EQ(s.dummy_tasks, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Paper, Table2,
    ::testing::Values(Row{"qwen3-0.6b", 229, 7259, 1870, 42588, 58068, 14960, "31.7"},
                      Row{"qwen3-1.7b", 229, 8155, 1870, 69468, 65236, 14960, "35.6"},
                      Row{"qwen3-8b", 293, 13867, 2366, 161708, 110932, 18928, "47.3"},
                      Row{"qwen3-30b-a3b", 533, 17155, 1142, 135140, 137236, 9136, "32.2"}));

// No operator of these graphs is cut unevenly, so exact events are the same events.
TEST(Table2, ExactEventsAreTheSameForTheDenseModels) {
  for (const char* name : {"qwen3-0.6b", "qwen3-8b"}) {
    CompileOptions options;
    const auto gcd = compile_model(*load_model(name), {}, options);
    options.events = EventGranularity::kExact;
    const auto exact = compile_model(*load_model(name), {}, options);
    ASSERT_TRUE(gcd && exact);
    EXPECT_EQ(gcd->graph.tasks(), exact->graph.tasks()) << name;
    EXPECT_EQ(gcd->graph.events(), exact->graph.events()) << name;
  }
}

}  // namespace
}  // namespace mk
