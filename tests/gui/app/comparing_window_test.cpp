// Two traces in one window: every way of laying them over each other.
#include <gtest/gtest.h>

#include <QTextBrowser>

#include "gui/app/panels.h"
#include "gui/panels/compare_panel.h"
#include "gui/panels/error_model.h"
#include "tests/gui/app/window_fixture.h"
#include "tests/gui/sample_traces.h"

namespace mk::gui {
namespace {

class ComparingTest : public testing::MainWindowTest {
 protected:
  void SetUp() override {
    MainWindowTest::SetUp();
    // With their causes, as the loader leaves them.
    window_->loader().adopt(testing::tiny_trace("predicted"));
    window_->loader().adopt(testing::tiny_trace("measured", 20));
    settle();
  }
  const TimeMap& second_map() { return window_->session().scene().traces[1].map; }
};

TEST_F(ComparingTest, EachLayoutIsAMenuEntryAndDraws) {
  const std::pair<const char*, CompareMode> modes[] = {
      {"Lay out: Stacked", CompareMode::kStacked},
      {"Lay out: Side by side", CompareMode::kSideBySide},
      {"Lay out: Delta", CompareMode::kDelta},
      {"Lay out: Interleaved", CompareMode::kInterleaved}};
  for (const auto& [title, mode] : modes) {
    trigger(title);
    settle();
    EXPECT_EQ(window_->session().arrangement().mode, mode);
    window_->timeline().repaint();
    EXPECT_EQ(window_->session().scene().is_side_by_side, mode == CompareMode::kSideBySide);
  }
}

TEST_F(ComparingTest, SideBySideThePlotsShareTheirTime) {
  trigger("Lay out: Side by side");
  window_->timeline().show_range({500, 900});
  window_->timeline().repaint();
  ASSERT_EQ(window_->timeline().cache().bodies.size(), 2U);
}

TEST_F(ComparingTest, AlignmentByMenuAndByHand) {
  trigger("Align by: Scale");
  EXPECT_EQ(window_->session().alignment().by, AlignBy::kScale);
  trigger("Align by: Iteration");
  EXPECT_EQ(window_->session().alignment().by, AlignBy::kIteration);
  trigger("Align by: Start");
  const double before = second_map().offset;
  trigger("Shift later traces right");
  const double scale = window_->timeline().view().window.ns_per_pixel;
  EXPECT_NEAR(second_map().offset, before + 5 * scale, 1e-6);
  trigger("Shift later traces left");
  EXPECT_NEAR(second_map().offset, before, 1e-6);
}

TEST_F(ComparingTest, EndsAndBoundsAreLines) {
  const auto& marks = window_->timeline().overlay().marks;
  QStringList labels;
  for (const MarkLine& mark : marks) labels.push_back(mark.label);
  for (const char* label : {"end of predicted", "end of measured", "work bound of predicted",
                            "chain bound of measured"})
    EXPECT_TRUE(labels.contains(label)) << label;
}

TEST_F(ComparingTest, TheComparePanelFillsWhenItIsSeen) {
  ComparePanel& panel = window_->panels().compare();
  EXPECT_EQ(panel.model().rowCount(), 0);
  window_->panels().raise("Compare");
  ASSERT_TRUE(QTest::qWaitFor([&] { return panel.model().rowCount() == 2; }, 20000));
  EXPECT_TRUE(panel.text().contains("all workers busy")) << panel.text().toStdString();
  panel.choose(1);
  EXPECT_GT(panel.model().rowCount(), 2);
}

TEST_F(ComparingTest, WhatCouldNotBeMatchedIsSaid) {
  Trace other = testing::tiny_trace("other")->trace();
  other.graphs[0].hash ^= 1;
  other.graphs[0].operators[1].tiles = 3;
  other.meta["policy"] = "jit";
  window_->take(std::make_unique<LoadedTrace>("other", std::string(),
                                              std::make_shared<const Trace>(std::move(other))));
  settle();
  const QString text = window_->panels().health_text();
  EXPECT_TRUE(text.contains("policy differs")) << text.toStdString();
  EXPECT_TRUE(text.contains("not matched: down")) << text.toStdString();
}

TEST_F(ComparingTest, TheSelectedTaskIsMatchedOnceBothAreThere) {
  window_->timeline().select({0, 1}, false);
  ASSERT_EQ(window_->timeline().overlay().matched.size(), 1U);
  QTest::keyClick(&window_->timeline(), Qt::Key_M);
  EXPECT_EQ(window_->timeline().overlay().selected->trace, 1U);
}

}  // namespace
}  // namespace mk::gui
