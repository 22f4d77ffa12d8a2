// Gestures and keys besides those of timeline_view_test.cpp.
#include <gtest/gtest.h>

#include <QSignalSpy>

#include "tests/gui/view/timeline_fixture.h"

namespace mk::gui {
namespace {

using testing::TimelineViewTest;

TEST_F(TimelineViewTest, ADoubleClickSelectsTheSliceAndZoomsToIt) {
  const Viewport before = view_->view();
  const QPoint at = point_of({0, 1});
  QTest::mouseClick(view_.get(), Qt::LeftButton, {}, at);
  QTest::mouseDClick(view_.get(), Qt::LeftButton, {}, at);
  EXPECT_EQ(view_->overlay().selected, (SliceRef{0, 1}));
  const SliceColumns& s = session_->trace(0).trace().slices;
  const TimeRange shown = view_->view().window.range(layout().plot_width());
  EXPECT_LE(shown.start, static_cast<double>(s.start[1]));
  EXPECT_GE(shown.end, static_cast<double>(s.end[1]));
  EXPECT_NEAR(shown.length(), 1.1 * static_cast<double>(s.end[1] - s.start[1]), 1e-6);
  QTest::keyClick(view_.get(), Qt::Key_Z, Qt::ControlModifier);
  EXPECT_EQ(view_->view(), before);
}

TEST_F(TimelineViewTest, WheelStepsAWhileApartAreUndoneOneByOne) {
  wheel({500, 150}, 120, Qt::ControlModifier, 1000);
  const Viewport between = view_->view();
  wheel({500, 150}, 120, Qt::ControlModifier, 3000);
  QTest::keyClick(view_.get(), Qt::Key_Z, Qt::ControlModifier);
  EXPECT_EQ(view_->view(), between);
}

TEST_F(TimelineViewTest, ADoubleClickBesideSlicesChangesNothing) {
  const Viewport before = view_->view();
  QTest::mouseDClick(view_.get(), Qt::LeftButton, {}, {20, 120});
  EXPECT_EQ(view_->view(), before);
  EXPECT_FALSE(view_->overlay().selected.has_value());
}

TEST_F(TimelineViewTest, AMiddleDragPansBothWays) {
  wheel({500, 150}, 120 * 8, Qt::ControlModifier);
  const double start = view_->view().window.start;
  drag(Qt::MiddleButton, {460, 150}, {500, 150});
  EXPECT_NEAR(view_->view().window.start, start - 40 * view_->view().window.ns_per_pixel, 1e-6);
}

TEST_F(TimelineViewTest, TheBrushOfTheMinimapIsDragged) {
  wheel({500, 150}, 120 * 12, Qt::ControlModifier);
  const QRect map = layout().minimap;
  const auto middle = [&] {
    const TimeRange shown = view_->view().window.range(layout().plot_width());
    return (shown.start + shown.end) / 2;
  };
  drag(Qt::LeftButton, {map.left() + map.width() / 4, map.center().y()},
       {map.left() + map.width() * 3 / 4, map.center().y()});
  const TimeRange all = session_->scene().range;
  EXPECT_NEAR(middle(), all.start + all.length() * 3 / 4, all.length() / 50);
}

TEST_F(TimelineViewTest, PlusAndMinusChangeTheHeightOfLanes) {
  const int height = session_->arrangement().row_height;
  QTest::keyClick(view_.get(), Qt::Key_Plus);
  EXPECT_GT(session_->arrangement().row_height, height);
  for (int k = 0; k < 50; ++k) QTest::keyClick(view_.get(), Qt::Key_Minus);
  EXPECT_EQ(session_->arrangement().row_height, kLowestRow);
}

TEST_F(TimelineViewTest, ArrowsScrollLanesAndGoAlongTime) {
  Arrangement arrangement = session_->arrangement();
  arrangement.row_height = kHighestRow;
  session_->set_arrangement(arrangement);
  view_->session_changed();
  QTest::keyClick(view_.get(), Qt::Key_Down);
  const int scrolled = view_->view().scroll;
  EXPECT_GT(scrolled, 0);
  QTest::keyClick(view_.get(), Qt::Key_Up);
  EXPECT_EQ(view_->view().scroll, 0);
  wheel({500, 150}, 120 * 8, Qt::ControlModifier);
  const double start = view_->view().window.start;
  QTest::keyClick(view_.get(), Qt::Key_Right);
  EXPECT_GT(view_->view().window.start, start);
  QTest::keyClick(view_.get(), Qt::Key_Left);
  EXPECT_NEAR(view_->view().window.start, start, 1e-6);
}

TEST_F(TimelineViewTest, ARightClickAsksForTheMenuOfTheLane) {
  QSignalSpy spy(view_.get(), &TimelineView::rowMenuWanted);
  const Row& row = session_->scene().rows[2];
  const int y = layout().gutter.top() + row.y + row.height / 2;
  QTest::mouseClick(view_.get(), Qt::RightButton, {}, {400, y});
  ASSERT_EQ(spy.count(), 1);
  EXPECT_EQ(spy[0][0].toInt(), 2);
}

TEST_F(TimelineViewTest, AClickAfterADragForgetsTheArea) {
  QSignalSpy spy(view_.get(), &TimelineView::areaChanged);
  drag(Qt::LeftButton, {300, 150}, {500, 150});
  ASSERT_TRUE(view_->overlay().area.has_value());
  QTest::mouseClick(view_.get(), Qt::LeftButton, {}, point_of({0, 1}));
  EXPECT_FALSE(view_->overlay().area.has_value());
  EXPECT_EQ(spy.count(), 2);
}

TEST_F(TimelineViewTest, TheMatchedTaskIsOutlinedInTheOtherTrace) {
  view_->repaint();
  view_->select({0, 1}, false);
  ASSERT_EQ(view_->overlay().matched.size(), 1U);
  const QPoint inside = point_of(view_->overlay().matched[0], 0);
  const QImage image = view_->grab().toImage();
  const QRgb accent = theme_of(view_->theme()).accent;
  int outlined = 0;
  for (int x = inside.x() - 2; x <= inside.x() + 2; ++x)
    outlined += (image.pixel(x, inside.y()) & RGB_MASK) == (accent & RGB_MASK) ? 1 : 0;
  EXPECT_GT(outlined, 0);
}

// Every line of the list of keys does something, and nothing that does something is missing in it.
TEST(Keys, TheListIsWhatTheKeysDo) {
  for (const KeyFacts& facts : key_table()) {
    for (const QString& key : QString::fromUtf8(facts.keys).split(", ")) {
      const QKeySequence sequence(key == "," ? QKeySequence(Qt::Key_Comma) : QKeySequence(key));
      const QKeyCombination combination = sequence[0];
      const QKeyEvent event(QEvent::KeyPress, combination.key(), combination.keyboardModifiers());
      EXPECT_EQ(command_of(event), facts.command) << facts.keys;
    }
  }
}

}  // namespace
}  // namespace mk::gui
