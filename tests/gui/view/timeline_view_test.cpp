#include "gui/view/timeline_view.h"

#include <gtest/gtest.h>

#include <QMimeData>
#include <QSignalSpy>
#include <QUrl>

#include "tests/gui/qt_environment.h"
#include "tests/gui/view/timeline_fixture.h"

namespace mk::gui {
namespace {

using testing::TimelineViewTest;

TEST_F(TimelineViewTest, CtrlWheelZoomsAndKeepsTheTimeUnderTheCursor) {
  const double before = time_at(500);
  const double scale = view_->view().window.ns_per_pixel;
  for (int k = 0; k < 7; ++k) wheel({500, 150}, 120, Qt::ControlModifier);
  EXPECT_LT(view_->view().window.ns_per_pixel, scale / 2);
  EXPECT_NEAR(time_at(500), before, 1e-6);
}

TEST_F(TimelineViewTest, ShiftWheelPansAndTheWheelAloneScrolls) {
  wheel({500, 150}, 120 * 8, Qt::ControlModifier);
  const double start = view_->view().window.start;
  wheel({500, 150}, -120, Qt::ShiftModifier);
  EXPECT_GT(view_->view().window.start, start);
  Arrangement arrangement = session_->arrangement();
  arrangement.row_height = 60;
  session_->set_arrangement(arrangement);
  view_->session_changed();
  wheel({500, 150}, -120, {});
  EXPECT_EQ(view_->view().scroll, 60);
  wheel({500, 150}, 1200, {});
  EXPECT_EQ(view_->view().scroll, 0);
}

TEST_F(TimelineViewTest, AClickSelectsTheSliceUnderItAndItsPartner) {
  QSignalSpy spy(view_.get(), &TimelineView::selectionChanged);
  QTest::mouseClick(view_.get(), Qt::LeftButton, {}, point_of({1, 2}));
  EXPECT_EQ(view_->overlay().selected, (SliceRef{1, 2}));
  ASSERT_EQ(view_->overlay().matched.size(), 1U);
  EXPECT_EQ(view_->overlay().matched[0].trace, 0U);
  EXPECT_EQ(spy.count(), 1);
  QTest::keyClick(view_.get(), Qt::Key_Escape);
  EXPECT_FALSE(view_->overlay().selected.has_value());
}

TEST_F(TimelineViewTest, ADragSelectsAnAreaThatSnapsToSlices) {
  const QPoint from = point_of({0, 0}, 0) + QPoint(2, 0);
  const QPoint to = point_of({0, 1}, 1) + QPoint(-2, 0);
  drag(Qt::LeftButton, from, to);
  ASSERT_TRUE(view_->overlay().area.has_value());
  const SliceColumns& s = session_->trace(0).trace().slices;
  EXPECT_DOUBLE_EQ(view_->overlay().area->range.start, static_cast<double>(s.start[0]));
  EXPECT_DOUBLE_EQ(view_->overlay().area->range.end, static_cast<double>(s.end[1]));
  drag(Qt::LeftButton, from, to, Qt::AltModifier);
  EXPECT_NEAR(view_->overlay().area->range.start, time_at(from.x()), 1e-9);
  EXPECT_NEAR(view_->overlay().area->range.end, time_at(to.x()), 1e-9);
}

TEST_F(TimelineViewTest, ARightDragZoomsToTheRangeAndUndoComesBack) {
  const Viewport before = view_->view();
  drag(Qt::RightButton, {300, 280}, {420, 280});
  const double length = view_->view().window.range(layout().plot_width()).length();
  EXPECT_NEAR(length, 120 * before.window.ns_per_pixel * 1.1, 1e-6);
  const Viewport zoomed = view_->view();
  QTest::keyClick(view_.get(), Qt::Key_Z, Qt::ControlModifier);
  EXPECT_EQ(view_->view(), before);
  QTest::keyClick(view_.get(), Qt::Key_Y, Qt::ControlModifier);
  EXPECT_EQ(view_->view(), zoomed);
}

TEST_F(TimelineViewTest, ShiftDragPans) {
  wheel({500, 150}, 120 * 8, Qt::ControlModifier);
  const double start = view_->view().window.start;
  drag(Qt::LeftButton, {500, 150}, {460, 150}, Qt::ShiftModifier);
  EXPECT_NEAR(view_->view().window.start, start + 40 * view_->view().window.ns_per_pixel, 1e-6);
  EXPECT_FALSE(view_->overlay().area.has_value());
}

TEST_F(TimelineViewTest, KeysZoomPanFitAndZoomToTheSelection) {
  const Viewport all = view_->view();
  QTest::keyClick(view_.get(), Qt::Key_W);
  EXPECT_LT(view_->view().window.ns_per_pixel, all.window.ns_per_pixel);
  QTest::keyClick(view_.get(), Qt::Key_D);
  const double start = view_->view().window.start;
  QTest::keyClick(view_.get(), Qt::Key_A);
  EXPECT_LT(view_->view().window.start, start);
  QTest::keyClick(view_.get(), Qt::Key_S);
  QTest::keyClick(view_.get(), Qt::Key_F);
  EXPECT_EQ(view_->view(), all);
  view_->select({0, 1}, false);
  QTest::keyClick(view_.get(), Qt::Key_Z);
  EXPECT_NEAR(view_->view().window.range(layout().plot_width()).length(), 450 * 1.1, 1e-6);
}

TEST_F(TimelineViewTest, WasdCountByTheirPlaceOnTheKeyboard) {
  // What lies where QWERTY has W is Z on AZERTY.
  const QKeyEvent azerty(QEvent::KeyPress, Qt::Key_Z, {}, 25, 0, 0, "z");
  EXPECT_EQ(command_of(azerty), Command::kZoomIn);
}

TEST_F(TimelineViewTest, NextAndPreviousSliceStayOnTheLane) {
  view_->select({0, 0}, false);
  QTest::keyClick(view_.get(), Qt::Key_Period);
  EXPECT_EQ(view_->overlay().selected, (SliceRef{0, 1}));
  QTest::keyClick(view_.get(), Qt::Key_Comma);
  QTest::keyClick(view_.get(), Qt::Key_Comma);
  EXPECT_EQ(view_->overlay().selected, (SliceRef{0, 0}));
}

TEST_F(TimelineViewTest, BracketsFollowTheEventAndMGoesToTheOtherTrace) {
  view_->select({0, 1}, false);
  QTest::keyClick(view_.get(), Qt::Key_BracketLeft);
  EXPECT_EQ(session_->trace(0).trace().slices.task[view_->overlay().selected->slice], 1U);
  QTest::keyClick(view_.get(), Qt::Key_BracketRight);
  EXPECT_EQ(session_->trace(0).trace().slices.task[view_->overlay().selected->slice], 2U);
  QTest::keyClick(view_.get(), Qt::Key_M);
  EXPECT_EQ(view_->overlay().selected->trace, 1U);
}

TEST_F(TimelineViewTest, TheMinimapMovesTheView) {
  wheel({500, 150}, 120 * 12, Qt::ControlModifier);
  const QRect map = layout().minimap;
  QTest::mouseClick(view_.get(), Qt::LeftButton, {},
                    {map.left() + map.width() / 4, map.center().y()});
  const TimeRange shown = view_->view().window.range(layout().plot_width());
  const TimeRange all = session_->scene().range;
  EXPECT_NEAR((shown.start + shown.end) / 2, all.start + all.length() / 4, all.length() / 50);
}

TEST_F(TimelineViewTest, AClickOnAHeaderFoldsItsLanes) {
  const int height = session_->scene().height;
  const QRect gutter = layout().gutter;
  QTest::mouseClick(view_.get(), Qt::LeftButton, {}, {20, gutter.top() + 5});
  EXPECT_LT(session_->scene().height, height);
  QTest::mouseClick(view_.get(), Qt::LeftButton, {}, {20, gutter.top() + 5});
  EXPECT_EQ(session_->scene().height, height);
}

TEST_F(TimelineViewTest, ALaneDraggedInTheGutterMovesBeforeAnother) {
  const Scene& scene = session_->scene();
  const int top = layout().gutter.top();
  const LaneKey second = session_->key_of(scene.rows[2]);
  drag(Qt::LeftButton, {20, top + scene.rows[2].y + 4}, {20, top + scene.rows[1].y + 4});
  EXPECT_EQ(session_->key_of(session_->scene().rows[1]), second);
}

TEST_F(TimelineViewTest, HoveringNeitherDrawsLanesNorLosesTheSelection) {
  view_->repaint();
  view_->select({0, 0}, false);
  view_->repaint();
  QTest::mouseMove(view_.get(), point_of({0, 1}));
  view_->repaint();
  EXPECT_EQ(view_->columns_drawn(), 0);
  EXPECT_EQ(view_->overlay().hovered, (SliceRef{0, 1}));
  EXPECT_EQ(view_->overlay().selected, (SliceRef{0, 0}));
}

TEST_F(TimelineViewTest, ATraceThatIsClosedUnderTheMouseLeavesNothingBehind) {
  QTest::mouseMove(view_.get(), point_of({1, 2}));
  ASSERT_EQ(view_->overlay().hovered, (SliceRef{1, 2}));
  view_->clear();
  session_->close(1);
  view_->session_changed();
  view_->repaint();
  EXPECT_FALSE(view_->overlay().hovered.has_value());
}

TEST_F(TimelineViewTest, WheelStepsOfOneGestureAreUndoneTogether) {
  const Viewport before = view_->view();
  for (int k = 0; k < 4; ++k) wheel({500, 150}, 120, Qt::ControlModifier);
  QTest::keyClick(view_.get(), Qt::Key_Z, Qt::ControlModifier);
  EXPECT_EQ(view_->view(), before);
}

TEST_F(TimelineViewTest, APanDrawsOnlyNewColumns) {
  wheel({500, 150}, 120 * 12, Qt::ControlModifier);
  view_->repaint();
  wheel({500, 150}, -60, Qt::ShiftModifier);
  view_->repaint();
  EXPECT_EQ(view_->columns_drawn(), 60);
}

TEST_F(TimelineViewTest, DroppedFilesAreAnnounced) {
  QStringList dropped;
  QObject::connect(view_.get(), &TimelineView::filesDropped,
                   [&](const QStringList& paths) { dropped = paths; });
  QMimeData data;
  data.setUrls({QUrl::fromLocalFile("/tmp/a.db"), QUrl("https://elsewhere/b.db")});
  QDragEnterEvent enter(QPoint(400, 150), Qt::CopyAction, &data, Qt::LeftButton, {});
  QCoreApplication::sendEvent(view_.get(), &enter);
  EXPECT_TRUE(enter.isAccepted());
  QDropEvent drop(QPointF(400, 150), Qt::CopyAction, &data, Qt::LeftButton, {});
  QCoreApplication::sendEvent(view_.get(), &drop);
  EXPECT_EQ(dropped, QStringList{"/tmp/a.db"});
}

TEST_F(TimelineViewTest, TheStatusLineDescribesSlicesWaitsAndColumns) {
  session_->trace(0).layer(ColorBy::kCause, *session_->operators());
  session_->contents_changed();
  view_->session_changed();
  const Viewport& at = view_->view();
  const Picked slice = pick(session_->scene(), at, layout(), point_of({0, 0}));
  EXPECT_TRUE(describe(*session_, slice, at.window.ns_per_pixel).contains("L0.qkv[0]"));
  const Picked wait = pick(session_->scene(), at, layout(), point_of({0, 1}, -0.2));
  EXPECT_TRUE(describe(*session_, wait, at.window.ns_per_pixel).contains("wait_dependency"));
  const Picked column = pick(session_->scene(), at, layout(), point_of({0, 0}));
  EXPECT_TRUE(describe(*session_, column, 1500).contains("slices in this pixel"));
}

}  // namespace
}  // namespace mk::gui
