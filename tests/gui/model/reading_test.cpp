#include <gtest/gtest.h>

#include "gui/model/area_table.h"
#include "gui/model/counters.h"
#include "gui/model/search.h"
#include "gui/model/slice_details.h"
#include "gui/model/view_history.h"
#include "tests/gui/sample_traces.h"

namespace mk::gui {
namespace {

TEST(AreaTable, SumsWhatLiesInTheAreaAndWhatDoesNot) {
  Session session;
  session.add(testing::tiny_trace("a"));
  // Rows: header, worker 0, worker 1, header, scheduler 0. Iteration 0's work is in [160, 1080).
  const auto rows = area_rows(session, {{100, 1100}, 0, 2});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].name, "down");
  EXPECT_EQ(rows[0].count, 2U);
  EXPECT_DOUBLE_EQ(rows[0].total, 450 + 520);
  EXPECT_DOUBLE_EQ(rows[0].mean, 485);
  EXPECT_DOUBLE_EQ(rows[0].min, 450);
  EXPECT_DOUBLE_EQ(rows[0].max, 520);
  EXPECT_DOUBLE_EQ(rows[1].total, 240 + 320);
  EXPECT_EQ(rows[2].name, "(no slice)");
  EXPECT_DOUBLE_EQ(rows[2].total, 2000 - 970 - 560);
  EXPECT_DOUBLE_EQ(rows[0].share + rows[1].share + rows[2].share, 1);
}

TEST(AreaTable, CutsSlicesAtTheAreasEdges) {
  Session session;
  session.add(testing::tiny_trace("a"));
  const auto rows = area_rows(session, {{200, 300}, 1, 1});
  EXPECT_DOUBLE_EQ(rows[0].total, 100);
  EXPECT_DOUBLE_EQ(rows[0].mean, 240);
}

TEST(AreaTable, CsvHasARowForEach) {
  AreaRow row;
  row.trace = "a,b";
  row.name = "qkv";
  row.count = 3;
  row.total = 12;
  EXPECT_EQ(area_csv({row}).toStdString(),
            "trace,name,count,total_ns,mean_ns,min_ns,p50_ns,p95_ns,max_ns,share\n"
            "\"a,b\",qkv,3,12,0,0,0,0,0,0.000000\n");
}

TEST(Search, FindsEveryWordInAnyCase) {
  const auto session = testing::tiny_session();
  EXPECT_EQ(search(*session, "DOWN").count, 8U);
  EXPECT_EQ(search(*session, "l0 qkv [1]").count, 4U);
  EXPECT_EQ(search(*session, "prepare").count, 2U);
  EXPECT_EQ(search(*session, "nothing").count, 0U);
  EXPECT_EQ(search(*session, "  ").count, 0U);
}

TEST(Search, StepsThroughWhatWasFoundAndAroundTheEnd) {
  Session session;
  session.add(testing::tiny_trace("a"));
  const auto found = search(session, "qkv").slices;
  ASSERT_EQ(found.size(), 4U);
  SearchFrom from;
  std::vector<SliceRef> visited;
  for (int k = 0; k < 5; ++k) {
    from.slice = next_found(session, found, from, true);
    visited.push_back(*from.slice);
  }
  EXPECT_EQ(visited[4], visited[0]);
  EXPECT_EQ(*next_found(session, found, from, false), visited[3]);
  EXPECT_EQ(next_found(session, {}, from, true), std::nullopt);
}

TEST(Details, TellTimesWaitsAndWhoReleasedTheTask) {
  const auto session = testing::tiny_session();
  session->trace(0).layer(ColorBy::kCause, *session->operators());
  const SliceDetails details = details_of(*session, {0, 1});  // task 2, on worker 0
  EXPECT_EQ(details.name, "L0.down[0]");
  EXPECT_EQ(details.held_by, "its event, by");
  ASSERT_TRUE(details.holder.has_value());
  EXPECT_EQ(session->trace(0).trace().slices.task[details.holder->slice], 1U);
  ASSERT_FALSE(details.waits.empty());
  EXPECT_EQ(details.waits[0].cause, "notify");
  ASSERT_EQ(details.partners.size(), 1U);
  EXPECT_DOUBLE_EQ(details.partners[0].later, 20);
  EXPECT_DOUBLE_EQ(details.partners[0].longer, 0);
  const QString html = details_html(*session, details);
  EXPECT_TRUE(html.contains("event active"));
  EXPECT_TRUE(html.contains("not recorded"));  // no preload
}

TEST(Details, LinksNameSlices) {
  EXPECT_EQ(slice_of_link("slice:1:77"), (SliceRef{1, 77}));
  EXPECT_EQ(slice_of_link("http://x"), std::nullopt);
}

TEST(Details, PeersAreTheSlicesOfTheSameOperator) {
  const auto trace = testing::tiny_trace("a");
  OperatorPalette operators;
  const Histogram* peers = trace->peers(1, operators);
  ASSERT_NE(peers, nullptr);
  EXPECT_EQ(peers->count, 4U);  // 450, 450, 520, 520
  EXPECT_EQ(peers->low, 450);
  EXPECT_EQ(peers->median, 485);
  EXPECT_EQ(peers, trace->peers(3, operators));  // made once
  trace->set_outline_only();
  EXPECT_EQ(trace->peers(1, operators), nullptr);
}

TEST(Counters, FollowFromTheSlices) {
  const auto trace = testing::tiny_trace("a");
  const auto& counters = trace->counters();
  ASSERT_EQ(counters.size(), 5U);  // one recorded, four derived
  EXPECT_EQ(counters[1].name(), "memory GB/s");
  EXPECT_DOUBLE_EQ(counters[1].at(200).value(), 4096.0 / 240 + 4096.0 / 320);
  EXPECT_EQ(counters[1].at(2200), 0);
  EXPECT_EQ(counters[2].name(), "tasks running");
  EXPECT_EQ(counters[2].at(200), 2);
  EXPECT_EQ(counters[2].at(450), 1);
  EXPECT_EQ(counters[3].name(), "tasks ready");
  EXPECT_EQ(counters[3].at(555), 1);
}

TEST(ViewHistory, GoesBackAndForth) {
  ViewHistory history;
  const Viewport a{{1, 1}, 0};
  const Viewport b{{2, 1}, 0};
  history.go(a);
  history.go(b);
  history.drift({{3, 1}, 0});
  history.undo();
  EXPECT_EQ(history.view(), a);
  history.redo();
  EXPECT_EQ(history.view(), (Viewport{{3, 1}, 0}));
  history.undo();
  history.go(b);
  EXPECT_FALSE(history.can_redo());
}

}  // namespace
}  // namespace mk::gui
