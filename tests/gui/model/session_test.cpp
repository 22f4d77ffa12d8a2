#include "gui/model/session.h"

#include <gtest/gtest.h>

#include "gui/model/overlays.h"
#include "tests/gui/sample_traces.h"

namespace mk::gui {
namespace {

Arrangement in_mode(CompareMode mode) {
  Arrangement arrangement;
  arrangement.mode = mode;
  return arrangement;
}

std::size_t lane_rows(const Scene& scene) {
  std::size_t count = 0;
  for (const Row& row : scene.rows) count += row.kind == RowKind::kLanes ? 1 : 0;
  return count;
}

TEST(Session, StackedShowsEachLaneOfEachTrace) {
  const auto session = testing::tiny_session();
  session->set_arrangement(in_mode(CompareMode::kStacked));
  EXPECT_EQ(lane_rows(session->scene()), 6U);
  EXPECT_TRUE(session->scene().rows[0].label.startsWith("predicted"));
}

TEST(Session, InterleavedRowsHoldTheSameLaneOfBothTraces) {
  const auto session = testing::tiny_session();
  session->set_arrangement(in_mode(CompareMode::kInterleaved));
  const Scene& scene = session->scene();
  EXPECT_EQ(lane_rows(scene), 3U);
  const Row& row = scene.rows[1];
  ASSERT_EQ(row.lanes.size(), 2U);
  const auto top = scene.extent_of(row, row.lanes[0]);
  const auto bottom = scene.extent_of(row, row.lanes[1]);
  EXPECT_EQ(top.y + top.height, bottom.y);
  EXPECT_EQ(bottom.y + bottom.height, row.y + row.height);
}

TEST(Session, TheDeltaLaneSaysHowMuchLaterTasksStarted) {
  const auto session = testing::tiny_session();
  session->set_arrangement(in_mode(CompareMode::kDelta));
  const Scene& scene = session->scene();
  ASSERT_EQ(scene.traces.size(), 3U);
  const BandLayer& delta = *scene.traces[2].layer;
  // All start 20 ns later, so 20 ns is the full scale.
  EXPECT_EQ(delta.entries[delta.bands.category[0]].name, "start +20\u00a0ns");
}

TEST(Session, OfThreeTracesTheDeltaLaneIsThatOfTheFirstTwo) {
  const auto session = testing::tiny_session();
  session->add(testing::tiny_trace("third", 500));
  session->set_arrangement(in_mode(CompareMode::kDelta));
  const Scene& scene = session->scene();
  ASSERT_EQ(scene.traces.size(), 4U);
  EXPECT_EQ(scene.traces[3].name, "difference 1, 2");
  const BandLayer& delta = *scene.traces[3].layer;
  EXPECT_EQ(delta.entries[delta.bands.category[0]].name, "start +20\u00a0ns");
}

TEST(Session, AlignsByStartByIterationByScaleAndByHand) {
  Session session;
  session.add(testing::tiny_trace("a"));
  session.add(testing::tiny_trace("b"));
  const double begin = 1200;  // of iteration 1 in both
  session.set_alignment({AlignBy::kIteration, 1, {0, 35}});
  EXPECT_DOUBLE_EQ(session.scene().traces[1].map.to_axis(begin), begin + 35);
  session.set_alignment({AlignBy::kScale, 0, {}});
  EXPECT_DOUBLE_EQ(session.scene().traces[1].map.scale, 1);
  session.set_alignment({AlignBy::kStart, 0, {}});
  EXPECT_DOUBLE_EQ(session.scene().traces[1].map.offset, 0);
}

TEST(Session, HiddenCollapsedPinnedAndMovedLanesAreSo) {
  Session session;
  session.add(testing::tiny_trace("a"));
  const LaneKey first{0, 0, LaneKind::kWorker, 0};
  const LaneKey second{0, 0, LaneKind::kWorker, 1};
  Arrangement arrangement;
  arrangement.hidden = {first};
  session.set_arrangement(arrangement);
  EXPECT_EQ(lane_rows(session.scene()), 2U);
  EXPECT_EQ(session.scene().row_of({0, 0}), nullptr);
  arrangement.hidden.clear();
  arrangement.pinned = {second};
  session.set_arrangement(arrangement);
  EXPECT_TRUE(session.scene().rows[0].is_pinned);
  EXPECT_GT(session.scene().pinned_height, 0);
  EXPECT_EQ(lane_rows(session.scene()), 3U);
  arrangement.pinned.clear();
  arrangement.moved = {second, first};
  session.set_arrangement(arrangement);
  EXPECT_EQ(session.key_of(session.scene().rows[1]), second);
  arrangement.collapsed = {1};
  session.set_arrangement(arrangement);
  EXPECT_EQ(lane_rows(session.scene()), 1U);
}

TEST(Session, ATaskKnowsItselfInTheOtherTrace) {
  const auto session = testing::tiny_session();
  const auto partners = session->partners({0, 2});
  ASSERT_EQ(partners.size(), 1U);
  EXPECT_EQ(partners[0].trace, 1U);
  const SliceColumns& a = session->trace(0).trace().slices;
  const SliceColumns& b = session->trace(1).trace().slices;
  EXPECT_EQ(a.task[2], b.task[partners[0].slice]);
  EXPECT_EQ(a.iteration[2], b.iteration[partners[0].slice]);
  EXPECT_EQ(session->partners(partners[0]), std::vector<SliceRef>{(SliceRef{0, 2})});
}

TEST(Session, ClosingATraceLeavesTheOther) {
  const auto session = testing::tiny_session();
  session->scene();
  session->close(0);
  EXPECT_EQ(session->scene().traces.size(), 1U);
  EXPECT_EQ(session->trace(0).name(), "measured");
  session->close(0);
  EXPECT_TRUE(session->scene().rows.empty());
}

TEST(Overlays, ArrowsGoFromProducersAndToConsumers) {
  Session session;
  session.add(testing::tiny_trace("a"));
  // Slice 1 is task 2 on lane 0: tasks 0 and 1 released it, and nobody waits for it.
  EXPECT_EQ(producers_of(session.trace(0), 1).size(), 2U);
  EXPECT_EQ(session.trace(0).trace().slices.task[producers_of(session.trace(0), 1)[0]], 1U);
  EXPECT_TRUE(consumers_of(session.trace(0), 1).empty());
  EXPECT_EQ(dependency_arrows(session.trace(0), 0, 1).size(), 2U);
  EXPECT_EQ(dependency_arrows(session.trace(0), 0, 0).size(), 2U);
}

TEST(Overlays, TheCriticalPathIsInOrderOfTime) {
  Session session;
  session.add(testing::tiny_trace("a"));
  const auto steps = path_steps(session);
  ASSERT_EQ(steps.size(), 4U);
  for (std::size_t k = 1; k < steps.size(); ++k) EXPECT_GE(steps[k].start, steps[k - 1].end);
}

}  // namespace
}  // namespace mk::gui
