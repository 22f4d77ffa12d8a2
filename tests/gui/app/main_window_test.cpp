#include "gui/app/main_window.h"

#include <gtest/gtest.h>

#include <QApplication>
#include <QClipboard>
#include <QDialog>
#include <QDir>
#include <QFile>
#include <QGuiApplication>
#include <QLineEdit>
#include <QTimer>

#include "gui/app/export.h"
#include "gui/app/panels.h"
#include "gui/app/screenshot.h"
#include "gui/panels/area_panel.h"
#include "gui/panels/bookmarks_panel.h"
#include "gui/panels/details_panel.h"
#include "gui/panels/heat_map.h"
#include "gui/panels/search_panel.h"
#include "gui/panels/simulate_panel.h"
#include "tests/gui/app/window_fixture.h"
#include "tests/gui/sample_traces.h"
#include "tests/gui/sweep_sample.h"

namespace mk::gui {
namespace {

using testing::MainWindowTest;

TEST_F(MainWindowTest, OpensATraceInTwoStepsAndTheWholeOfItIsThere) {
  open_and_wait(write_tiny("a.db"));
  ASSERT_EQ(window_->session().size(), 1U);
  EXPECT_TRUE(window_->session().trace(0).is_complete());
  EXPECT_NE(window_->session().trace(0).ready_layer(ColorBy::kCause), nullptr);
  EXPECT_TRUE(window_->windowTitle().startsWith("a "));
  EXPECT_EQ(window_->recent().size(), 1);
  // The tiny run has a row in its table health.
  EXPECT_TRUE(window_->message().contains("a point of doubt")) << window_->message().toStdString();
}

TEST_F(MainWindowTest, BadFilesAreSaidAndWhatWasOpenStaysOpen) {
  open_and_wait(write_tiny("good.db"));
  const auto write = [&](const char* name, const QByteArray& bytes) {
    const QString path = QString::fromStdString((folder_ / name));
    QFile file(path);
    EXPECT_TRUE(file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size());
    return path;
  };
  QFile good(QString::fromStdString((folder_ / "good.db")));
  ASSERT_TRUE(good.open(QIODevice::ReadOnly));
  const QByteArray whole = good.readAll();
  for (const QString& path : {write("empty.db", ""), write("text.db", "hello, this is no trace"),
                              write("short.db", whole.left(whole.size() / 2)),
                              QString::fromStdString((folder_ / "missing.db"))}) {
    open_and_wait(path);
    EXPECT_TRUE(window_->message().contains(path)) << window_->message().toStdString();
    EXPECT_EQ(window_->session().size(), 1U);
  }
}

TEST_F(MainWindowTest, AFileThatVanishesStaysOpen) {
  const QString path = write_tiny("a.db");
  open_and_wait(path);
  ASSERT_TRUE(QFile::remove(path));
  window_->timeline().select({0, 1}, true);
  window_->set_color_by(ColorBy::kLayer);
  window_->timeline().repaint();
  EXPECT_EQ(window_->session().size(), 1U);
}

TEST_F(MainWindowTest, CancelledFilesDoNotArrive) {
  window_->open(write_tiny("a.db"));
  window_->loader().cancel();
  settle();
  EXPECT_EQ(window_->session().size(), 0U);
}

TEST_F(MainWindowTest, PanelsFollowTheSelectionAndTheArea) {
  window_->take(testing::tiny_trace("a"));
  window_->timeline().select({0, 1}, false);
  EXPECT_TRUE(window_->panels().details().text().contains("L0.down[0]"));
  window_->timeline().select_area({{100, 1100}, 0, 2});
  settle();
  EXPECT_EQ(window_->panels().area().model().rowCount(), 3);
  window_->panels().area().copy_csv();
  EXPECT_TRUE(QGuiApplication::clipboard()->text().startsWith("trace,name,count"));
  window_->timeline().clear();
  EXPECT_EQ(window_->panels().area().model().rowCount(), 0);
  EXPECT_TRUE(window_->panels().health_text().contains("tiny"));
}

TEST_F(MainWindowTest, SlashSearchesAndEnterGoesThroughWhatWasFound) {
  window_->take(testing::tiny_trace("a"));
  QTest::keyClick(&window_->timeline(), Qt::Key_Slash);
  QLineEdit& field = window_->panels().search().field();
  QTest::keyClicks(&field, "qkv");
  EXPECT_EQ(window_->timeline().overlay().found.size(), 4U);
  QTest::keyClick(&field, Qt::Key_Return);
  ASSERT_TRUE(window_->timeline().overlay().selected.has_value());
  const SliceRef first = *window_->timeline().overlay().selected;
  QTest::keyClick(&field, Qt::Key_Return);
  EXPECT_NE(window_->timeline().overlay().selected, first);
  QTest::keyClick(&field, Qt::Key_Return, Qt::ShiftModifier);
  EXPECT_EQ(window_->timeline().overlay().selected, first);
}

TEST_F(MainWindowTest, CommandsOfTheTimelineReachTheWindow) {
  window_->take(testing::tiny_trace("a"));
  QTest::keyClick(&window_->timeline(), Qt::Key_P);
  settle();
  EXPECT_EQ(window_->timeline().overlay().path.size(), 4U);
  QTest::keyClick(&window_->timeline(), Qt::Key_C);
  settle();
  EXPECT_EQ(window_->session().scene().rows[0].kind, RowKind::kCounter);
  EXPECT_FALSE(window_->actions_by_name().empty());
}

TEST_F(MainWindowTest, ExportsPngAndSvgAndRefusesOtherNames) {
  window_->take(testing::tiny_trace("a"));
  for (const char* name : {"view.png", "view.svg"}) {
    const QString path = QString::fromStdString((folder_ / name));
    ASSERT_TRUE(export_view(window_->timeline(), path).has_value());
    EXPECT_GT(QFile(path).size(), 1000);
  }
  EXPECT_FALSE(export_view(window_->timeline(), "view.gif").has_value());
  EXPECT_FALSE(export_view(window_->timeline(), "/nowhere/at/all.png").has_value());
}

TEST_F(MainWindowTest, LayoutThemeAndRecentFilesAreKept) {
  open_and_wait(write_tiny("a.db"));
  window_->set_theme(ThemeName::kLight);
  window_->set_color_by(ColorBy::kLayer);
  window_->close();
  MainWindow again;
  again.restore();
  EXPECT_EQ(again.timeline().theme(), ThemeName::kLight);
  EXPECT_EQ(again.session().color_by(), ColorBy::kLayer);
  EXPECT_EQ(again.recent(), window_->recent());
}

TEST_F(MainWindowTest, BookmarksAreSetByKeyAndKept) {
  const QString path = write_tiny("a.db");
  open_and_wait(path);
  QTest::keyClick(&window_->timeline(), Qt::Key_B);
  ASSERT_EQ(window_->panels().bookmarks().bookmarks().size(), 1U);
  EXPECT_EQ(window_->timeline().overlay().marks.size(), 1U);
  window_->panels().bookmarks().rename(0, "here");
  MainWindow again;
  again.open(path);
  ASSERT_TRUE(QTest::qWaitFor([&] { return !again.is_busy(); }, 20000));
  ASSERT_EQ(again.timeline().overlay().marks.size(), 1U);
  EXPECT_EQ(again.timeline().overlay().marks[0].label, "here");
  window_->panels().bookmarks().remove(0);
  EXPECT_TRUE(window_->timeline().overlay().marks.empty());
}

TEST_F(MainWindowTest, APredictionFromInsideOpensAsATrace) {
  SweepPoint point = testing::small_point(8);
  window_->panels().simulate().set_point(point);
  window_->panels().simulate().run();
  ASSERT_TRUE(QTest::qWaitFor([&] { return window_->session().size() == 1; }, 30000));
  EXPECT_TRUE(window_->session().trace(0).name().contains("static 8+0"));
}

TEST_F(MainWindowTest, ASweepOpensAsAHeatMap) {
  const std::string path = folder_ / "sweep.db";
  testing::write_sweep_sample(path);
  open_and_wait(QString::fromStdString(path));
  EXPECT_EQ(window_->panels().heat_map().view().map().cells.size(), 3U);
  EXPECT_EQ(window_->session().size(), 0U);
}

TEST_F(MainWindowTest, DialogsOpenAndClose) {
  QTest::keyClick(&window_->timeline(), Qt::Key_Question, Qt::ShiftModifier);
  QTest::keyClick(&window_->timeline(), Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
  const auto dialogs = window_->findChildren<QDialog*>();
  ASSERT_EQ(dialogs.size(), 2);
  for (QDialog* dialog : dialogs) {
    EXPECT_TRUE(dialog->isVisible());
    QTest::keyClick(dialog, Qt::Key_Escape);
    EXPECT_FALSE(dialog->isVisible());
  }
}

TEST_F(MainWindowTest, TheMenuOfALanePinsAndHidesIt) {
  window_->take(testing::tiny_trace("a"));
  const auto choose = [&](int row, int steps) {
    QTimer::singleShot(0, [steps] {
      QWidget* menu = QApplication::activePopupWidget();
      ASSERT_NE(menu, nullptr);
      for (int k = 0; k < steps; ++k) QTest::keyClick(menu, Qt::Key_Down);
      QTest::keyClick(menu, Qt::Key_Return);
    });
    emit window_->timeline().rowMenuWanted(row, window_->mapToGlobal(QPoint(100, 100)));
  };
  choose(1, 1);
  EXPECT_EQ(window_->session().arrangement().pinned.size(), 1U);
  EXPECT_TRUE(window_->session().scene().rows[0].is_pinned);
  choose(2, 2);
  EXPECT_EQ(window_->session().arrangement().hidden.size(), 1U);
}

TEST_F(MainWindowTest, AScreenshotNeedsNoWindow) {
  Options options;
  options.traces = {write_tiny("a.db"), write_tiny("b.db")};
  options.size = QSize(500, 300);
  options.select = "L0.down[1]@1";
  options.critical_path = true;
  const auto image = draw_screenshot(options);
  ASSERT_TRUE(image.has_value()) << image.error().message;
  EXPECT_EQ(image->size(), QSize(500, 300));
  options.select = "L9.nothing[0]";
  EXPECT_FALSE(draw_screenshot(options).has_value());
}

}  // namespace
}  // namespace mk::gui
