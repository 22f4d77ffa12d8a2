// A timeline in a window, and hands for it.
#pragma once

#include <gtest/gtest.h>

#include <QTest>
#include <QWheelEvent>
#include <memory>

#include "gui/timeline/fonts.h"
#include "gui/view/timeline_view.h"
#include "tests/gui/sample_traces.h"

namespace mk::testing {

// A timeline over two tiny traces, 800 x 300, showing everything.
class TimelineViewTest : public ::testing::Test {
 protected:
  void SetUp() override {
    session_ = tiny_session();
    view_ = std::make_unique<gui::TimelineView>(*session_);
    view_->resize(800, 300);
    view_->show();
    ASSERT_TRUE(QTest::qWaitForWindowExposed(view_.get(), 20000));
    view_->session_changed();
  }

  gui::Layout layout() {
    gui::PictureCache cache(gui::text_font(gui::kPlotFontSize));
    return picture_layout(session_->scene(), view_->size(), {}, cache);
  }
  // The middle of a slice's lane at a part of its length, in the window.
  QPoint point_of(gui::SliceRef slice, double part = 0.5) {
    const SliceColumns& s = session_->trace(slice.trace).trace().slices;
    const gui::Scene& scene = session_->scene();
    const gui::LaneRef lane{slice.trace, s.lane[slice.slice]};
    const gui::Row& row = *scene.row_of(lane);
    const gui::Scene::Extent extent = scene.extent_of(row, lane);
    const auto start = static_cast<double>(s.start[slice.slice]);
    const auto end = static_cast<double>(s.end[slice.slice]);
    const double time = scene.traces[slice.trace].map.to_axis(start + (end - start) * part);
    const QRect plot = layout().plots[0];
    return {plot.left() + static_cast<int>(view_->view().window.x_of(time)),
            plot.top() + extent.y + extent.height / 2 - view_->view().scroll};
  }
  // All of one gesture, unless `ms` says otherwise.
  void wheel(const QPoint& at, int angle, Qt::KeyboardModifiers modifiers, quint64 ms = 0) {
    QWheelEvent event(at, view_->mapToGlobal(at), {}, {0, angle}, Qt::NoButton, modifiers,
                      Qt::NoScrollPhase, false);
    event.setTimestamp(ms);
    QCoreApplication::sendEvent(view_.get(), &event);
  }
  double time_at(int x) { return view_->view().window.time_at(x - layout().plots[0].left()); }
  void drag(Qt::MouseButton button, QPoint from, QPoint to, Qt::KeyboardModifiers modifiers = {}) {
    QTest::mousePress(view_.get(), button, modifiers, from);
    QMouseEvent move(QEvent::MouseMove, to, view_->mapToGlobal(to), Qt::NoButton, button,
                     modifiers);
    QCoreApplication::sendEvent(view_.get(), &move);
    QTest::mouseRelease(view_.get(), button, modifiers, to);
  }

  std::unique_ptr<gui::Session> session_;
  std::unique_ptr<gui::TimelineView> view_;
};

}  // namespace mk::testing
