// Hovering, selecting and panning recompute nothing that did not change: counted.
#include <gtest/gtest.h>

#include "tests/gui/view/timeline_fixture.h"

namespace mk::gui {
namespace {

class NothingAnewTest : public testing::TimelineViewTest {
 protected:
  void SetUp() override {
    TimelineViewTest::SetUp();
    for (std::size_t t = 0; t < session_->size(); ++t)
      session_->trace(t).layer(ColorBy::kCause, *session_->operators());
    session_->contents_changed();
    view_->session_changed();
    view_->select({0, 1}, false);
    wheel({500, 150}, 120 * 12, Qt::ControlModifier);
    view_->repaint();
    before_ = now();
  }

  // What is made once for a session and what is drawn once for a scene.
  struct Made {
    std::uint64_t scene = 0;
    const void* matching = nullptr;
    const void* index = nullptr;
    const void* layer = nullptr;
    const void* peers = nullptr;
    std::size_t minimaps = 0;
    std::size_t texts = 0;
    friend bool operator==(const Made&, const Made&) = default;
  };
  Made now() {
    LoadedTrace& trace = session_->trace(0);
    return {session_->scene().revision,
            session_->matching(1).get(),
            trace.index(),
            session_->scene().traces[0].layer,
            trace.peers(0, *session_->operators()),
            view_->cache().minimaps_drawn,
            view_->cache().texts.laid_out()};
  }

  Made before_{};
};

TEST_F(NothingAnewTest, Hovering) {
  for (int x = 200; x < 700; x += 7) {
    QTest::mouseMove(view_.get(), QPoint(x, 120));
    view_->repaint();
    ASSERT_EQ(view_->columns_drawn(), 0);
  }
  EXPECT_TRUE(now() == before_);
}

TEST_F(NothingAnewTest, Selecting) {
  view_->select({0, 0}, false);
  view_->repaint();
  EXPECT_EQ(view_->columns_drawn(), 0);
  view_->clear();
  view_->repaint();
  EXPECT_EQ(view_->columns_drawn(), 0);
  EXPECT_TRUE(now() == before_);
}

TEST_F(NothingAnewTest, SelectingAnArea) {
  drag(Qt::LeftButton, {300, 150}, {500, 150}, Qt::AltModifier);
  view_->select_area({view_->overlay().area->range, 0, 2});
  view_->repaint();
  EXPECT_EQ(view_->columns_drawn(), 0);
  const Made after = now();
  EXPECT_EQ(after.scene, before_.scene);
  EXPECT_EQ(after.minimaps, before_.minimaps);
  EXPECT_LE(after.texts, before_.texts + 1);  // how long the area is
}

TEST_F(NothingAnewTest, Panning) {
  for (int k = 0; k < 20; ++k) {
    wheel({500, 150}, k < 10 ? -30 : 30, Qt::ShiftModifier);
    view_->repaint();
    ASSERT_EQ(view_->columns_drawn(), 30);
  }
  const Made after = now();
  EXPECT_EQ(after.scene, before_.scene);
  EXPECT_EQ(after.matching, before_.matching);
  EXPECT_EQ(after.layer, before_.layer);
  EXPECT_EQ(after.minimaps, before_.minimaps);
}

TEST_F(NothingAnewTest, AFoldedGroupKeepsWhatFollowsFromTheTraces) {
  QTest::mouseClick(view_.get(), Qt::LeftButton, {}, {20, layout().gutter.top() + 5});
  view_->repaint();
  const Made after = now();
  EXPECT_NE(after.scene, before_.scene);
  EXPECT_EQ(after.matching, before_.matching);
  EXPECT_EQ(after.layer, before_.layer);
  EXPECT_EQ(after.index, before_.index);
}

TEST_F(NothingAnewTest, TheComparingLaneIsKeptUntilTheAlignmentChanges) {
  Arrangement arrangement = session_->arrangement();
  arrangement.mode = CompareMode::kDelta;
  session_->set_arrangement(arrangement);
  const BandLayer* delta = session_->scene().traces[2].layer;
  arrangement.row_height += 3;
  session_->set_arrangement(arrangement);
  EXPECT_EQ(session_->scene().traces[2].layer, delta);
  const std::vector<LegendEntry> entries = delta->entries;
  session_->set_alignment({AlignBy::kStart, 0, {0, 7}});
  EXPECT_NE(session_->scene().traces[2].layer->entries, entries);
}

}  // namespace
}  // namespace mk::gui
