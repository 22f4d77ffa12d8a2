// Loading and deriving: in threads, with progress, to be cancelled; nothing blocks the window.
#include <gtest/gtest.h>

#include <QFile>
#include <QSignalSpy>

#include "gui/app/panels.h"
#include "gui/panels/area_panel.h"
#include "tests/gui/app/window_fixture.h"
#include "tests/gui/sample_traces.h"

namespace mk::gui {
namespace {

using testing::MainWindowTest;

class LoadingTest : public MainWindowTest {
 protected:
  // Large enough for progress to be said while it is read.
  QString write_long() {
    Trace trace = make_trace(testing::two_iteration_run());
    constexpr std::size_t kSpans = 70'000;
    SliceColumns& s = trace.slices;
    s = {};
    s.resize(kSpans);
    for (std::size_t k = 0; k < kSpans; ++k) {
      s.lane[k] = 0;
      s.name[k] = 0;
      s.start.set(k, static_cast<Nanoseconds>(k) * 10);
      s.end.set(k, static_cast<Nanoseconds>(k) * 10 + 5);
    }
    const std::string path = folder_ / "long.db";
    EXPECT_TRUE(write_trace(trace, path).has_value());
    return QString::fromStdString(path);
  }
};

TEST_F(LoadingTest, SaysHowFarItIs) {
  QSignalSpy spy(&window_->loader().background(), &Background::progressed);
  open_and_wait(write_long());
  std::vector<double> parts;
  for (const auto& said : spy) parts.push_back(said[1].toDouble());
  ASSERT_GE(parts.size(), 5U);
  EXPECT_TRUE(std::is_sorted(parts.begin(), parts.end()));
  EXPECT_EQ(spy[0][0].toString(), "opening long");
  EXPECT_EQ(parts.front(), 0);
  EXPECT_EQ(parts.back(), 1);
}

TEST_F(LoadingTest, IsCancelledInTheMiddle) {
  QObject::connect(&window_->loader().background(), &Background::progressed, window_.get(),
                   [this](const QString&, double part) {
                     if (part > 0) window_->cancel();
                   });
  open_and_wait(write_long());
  EXPECT_EQ(window_->session().size(), 0U);
  EXPECT_EQ(window_->message(), QString());
}

TEST_F(LoadingTest, SeveralFilesOpenInTheirOrder) {
  const QStringList paths{write_long(), write_tiny("b.db"), write_tiny("c.db")};
  emit window_->timeline().filesDropped(paths);
  settle();
  ASSERT_EQ(window_->session().size(), 3U);
  EXPECT_EQ(window_->session().trace(0).name(), "long");
  EXPECT_EQ(window_->session().trace(2).name(), "c");
}

TEST_F(LoadingTest, AFileThatIsReplacedStaysOpenAsItWas) {
  const QString path = write_tiny("a.db");
  open_and_wait(path);
  const std::size_t slices = window_->session().trace(0).trace().slices.size();
  QFile file(path);
  ASSERT_TRUE(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
  file.write("no trace any more");
  file.close();
  window_->timeline().select({0, 1}, true);
  window_->timeline().repaint();
  EXPECT_EQ(window_->session().trace(0).trace().slices.size(), slices);
  open_and_wait(path);
  EXPECT_EQ(window_->session().size(), 1U);
  EXPECT_TRUE(window_->message().contains(path));
}

// What takes its time is asked for and comes later, by the event loop.
class DerivingTest : public MainWindowTest {
 protected:
  void SetUp() override {
    MainWindowTest::SetUp();
    window_->take(testing::tiny_trace("predicted"));
    window_->take(testing::tiny_trace("measured", 20));
    settle();
  }
};

TEST_F(DerivingTest, TheCriticalPathComesFromAThread) {
  window_->set_critical_path(true);
  EXPECT_TRUE(window_->is_busy());
  EXPECT_TRUE(window_->timeline().overlay().path.empty());
  settle();
  EXPECT_EQ(window_->timeline().overlay().path.size(), 8U);
  window_->set_critical_path(false);
  window_->set_critical_path(true);  // made once
  EXPECT_FALSE(window_->is_busy());
  EXPECT_EQ(window_->timeline().overlay().path.size(), 8U);
}

TEST_F(DerivingTest, ColoursComeFromAThreadAndUntilThenThoseOfOperatorsAreShown) {
  window_->set_color_by(ColorBy::kLayer);
  const Scene& scene = window_->session().scene();
  EXPECT_EQ(scene.traces[0].layer, window_->session().trace(0).ready_layer(ColorBy::kOperator));
  settle();
  EXPECT_EQ(window_->session().scene().traces[0].layer,
            window_->session().trace(0).ready_layer(ColorBy::kLayer));
}

TEST_F(DerivingTest, CountersComeFromAThread) {
  window_->set_counters(true);
  EXPECT_NE(window_->session().scene().rows[0].kind, RowKind::kCounter);
  settle();
  EXPECT_EQ(window_->session().scene().rows[0].kind, RowKind::kCounter);
}

TEST_F(DerivingTest, TheComparingLaneComesFromAThreadAlsoAfterAShift) {
  Arrangement arrangement = window_->session().arrangement();
  arrangement.mode = CompareMode::kDelta;
  window_->set_arrangement(arrangement);
  EXPECT_EQ(window_->session().scene().traces.size(), 2U);
  settle();
  ASSERT_EQ(window_->session().scene().traces.size(), 3U);
  window_->set_alignment({AlignBy::kStart, 0, {0, 500}});
  EXPECT_EQ(window_->session().scene().traces.size(), 3U);  // the one of before
  settle();
  const BandLayer& delta = *window_->session().scene().traces[2].layer;
  EXPECT_EQ(delta.entries[delta.bands.category[0]].name, "start +520\u00a0ns");
}

TEST_F(DerivingTest, WhatIsCancelledComesNotUntilItIsAskedForAgain) {
  window_->set_critical_path(true);
  window_->cancel();
  settle();
  EXPECT_TRUE(window_->timeline().overlay().path.empty());
  EXPECT_FALSE(window_->is_busy());
  window_->set_critical_path(true);
  settle();
  EXPECT_EQ(window_->timeline().overlay().path.size(), 8U);
}

TEST_F(DerivingTest, ATraceThatIsClosedMeanwhileLeavesNothing) {
  window_->set_color_by(ColorBy::kIteration);
  window_->close_trace(1);
  settle();
  EXPECT_EQ(window_->session().size(), 1U);
  EXPECT_NE(window_->session().trace(0).ready_layer(ColorBy::kIteration), nullptr);
}

TEST_F(DerivingTest, TheAreaIsSummedUpInAThread) {
  window_->timeline().select_area({{100, 1100}, 0, 2});
  EXPECT_EQ(window_->panels().area().model().rowCount(), 0);
  settle();
  EXPECT_EQ(window_->panels().area().model().rowCount(), 6);
}

}  // namespace
}  // namespace mk::gui
