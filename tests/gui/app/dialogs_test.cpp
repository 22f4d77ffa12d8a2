// What dialogs and menus of the window do, as a person uses them.
#include <gtest/gtest.h>

#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QTextBrowser>
#include <QTimer>

#include "gui/app/panels.h"
#include "gui/panels/area_panel.h"
#include "gui/panels/bookmarks_panel.h"
#include "gui/panels/command_palette.h"
#include "gui/panels/details_panel.h"
#include "gui/panels/search_panel.h"
#include "gui/panels/sql_panel.h"
#include "tests/gui/app/window_fixture.h"
#include "tests/gui/sample_traces.h"

namespace mk::gui {
namespace {

using testing::MainWindowTest;

// Writes `text` into the file dialog that opens next and presses its button, or Escape.
void answer_file_dialog(const QString& text, bool accept = true) {
  QTimer::singleShot(0, [text, accept] {
    auto* dialog = qobject_cast<QFileDialog*>(QApplication::activeModalWidget());
    ASSERT_NE(dialog, nullptr);
    if (!accept) return QTest::keyClick(dialog, Qt::Key_Escape);
    auto* field = dialog->findChild<QLineEdit*>(QStringLiteral("fileNameEdit"));
    ASSERT_NE(field, nullptr);
    field->setText(text);
    QTest::keyClick(field, Qt::Key_Return);
  });
}

QPushButton* button_of(const QWidget& widget, const QString& text) {
  for (QPushButton* button : widget.findChildren<QPushButton*>()) {
    if (button->text() == text) return button;
  }
  return nullptr;
}

TEST_F(MainWindowTest, TheOpenDialogOpensWhatIsChosen) {
  answer_file_dialog(write_tiny("chosen.db"));
  trigger("Open …");
  settle();
  ASSERT_EQ(window_->session().size(), 1U);
  EXPECT_EQ(window_->session().trace(0).name(), "chosen");
  answer_file_dialog({}, false);
  trigger("Open …");
  settle();
  EXPECT_EQ(window_->session().size(), 1U);
}

TEST_F(MainWindowTest, TheExportDialogWritesThePicture) {
  window_->take(testing::tiny_trace("a"));
  const QString path = QString::fromStdString(folder_ / "view.png");
  answer_file_dialog(path);
  trigger("Export picture …");
  EXPECT_EQ(window_->message(), path);
  EXPECT_EQ(QImage(path).size(), window_->timeline().size() * 2);
  answer_file_dialog(QString::fromStdString(folder_ / "view.txt"));
  trigger("Export picture …");
  EXPECT_TRUE(window_->message().contains("must end in .png or .svg"));
}

TEST_F(MainWindowTest, RecentFilesAndCloseTraceAreMenus) {
  const QString path = write_tiny("a.db");
  open_and_wait(path);
  trigger("Close trace: a");
  EXPECT_EQ(window_->session().size(), 0U);
  trigger("Open again: " + path);
  settle();
  EXPECT_EQ(window_->session().size(), 1U);
}

TEST_F(MainWindowTest, TheViewMenuChangesColoursThemeAndLanes) {
  window_->take(testing::tiny_trace("a"));
  trigger("Colour by: Iteration");
  EXPECT_EQ(window_->session().color_by(), ColorBy::kIteration);
  trigger("Theme: Light");
  EXPECT_EQ(window_->timeline().theme(), ThemeName::kLight);
  Arrangement arrangement = window_->session().arrangement();
  arrangement.hidden = {{0, 0, LaneKind::kWorker, 0}};
  arrangement.pinned = {{0, 0, LaneKind::kWorker, 1}};
  arrangement.row_height = 60;
  window_->set_arrangement(arrangement);
  trigger("Show all hidden lanes");
  EXPECT_TRUE(window_->session().arrangement().hidden.empty());
  trigger("Lanes in their own order");
  EXPECT_TRUE(window_->session().arrangement().pinned.empty());
  trigger("Lanes to fit the window");
  EXPECT_LT(window_->session().arrangement().row_height, 60);
}

TEST_F(MainWindowTest, ThePaletteRunsACommandByName) {
  window_->take(testing::tiny_trace("a"));
  QTest::keyClick(&window_->timeline(), Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
  const auto palettes = window_->findChildren<QDialog*>();
  ASSERT_EQ(palettes.size(), 1);
  auto& palette = static_cast<CommandPalette&>(*palettes[0]);
  QTest::keyClicks(&palette.field(), "higher lanes");
  const int height = window_->session().arrangement().row_height;
  QTest::keyClick(&palette.field(), Qt::Key_Return);
  EXPECT_GT(window_->session().arrangement().row_height, height);
}

TEST_F(MainWindowTest, QuestionMarkListsEveryKey) {
  QTest::keyClick(&window_->timeline(), Qt::Key_Question, Qt::ShiftModifier);
  const auto dialogs = window_->findChildren<QDialog*>();
  ASSERT_EQ(dialogs.size(), 1);
  const QString text = dialogs[0]->findChild<QTextBrowser*>()->toPlainText();
  for (const KeyFacts& key : key_table())
    EXPECT_TRUE(text.contains(QString::fromUtf8(key.meaning))) << key.meaning;
}

TEST_F(MainWindowTest, SqlRunsByItsButtonAndIsCopiedAsCsv) {
  open_and_wait(write_tiny("a.db"));
  SqlPanel& sql = window_->panels().sql();
  sql.set_query("SELECT 1 AS one, 'a,b' AS two");
  QTest::mouseClick(button_of(sql, "Run"), Qt::LeftButton);
  ASSERT_TRUE(QTest::qWaitFor([&] { return !sql.is_running(); }, 20000));
  QTest::mouseClick(button_of(sql, "Copy as CSV"), Qt::LeftButton);
  EXPECT_EQ(QGuiApplication::clipboard()->text(), "one,two\n1,\"a,b\"\n");
}

TEST_F(MainWindowTest, TheAreaIsCopiedAsCsvByItsButton) {
  window_->take(testing::tiny_trace("a"));
  window_->timeline().select_area({{100, 1100}, 0, 2});
  settle();
  QTest::mouseClick(button_of(window_->panels().area(), "Copy as CSV"), Qt::LeftButton);
  EXPECT_EQ(QGuiApplication::clipboard()->text().count('\n'), 4);  // a head and three rows
}

TEST_F(MainWindowTest, ALinkInTheDetailsSelectsItsSlice) {
  window_->take(testing::tiny_trace("a"));
  window_->timeline().select({0, 1}, false);
  auto* browser = window_->panels().details().findChild<QTextBrowser*>();
  ASSERT_TRUE(browser->toHtml().contains("slice:0:"));
  emit browser->anchorClicked(QUrl("slice:0:0"));
  EXPECT_EQ(window_->timeline().overlay().selected, (SliceRef{0, 0}));
}

TEST_F(MainWindowTest, PeersAreShownOfASelectedSliceOnly) {
  window_->take(testing::tiny_trace("a"));
  const DetailsPanel& details = window_->panels().details();
  EXPECT_FALSE(details.shows_peers());
  window_->timeline().select({0, 1}, false);
  EXPECT_TRUE(details.shows_peers());
  window_->timeline().clear();
  EXPECT_FALSE(details.shows_peers());
}

TEST_F(MainWindowTest, ARowOfTheSearchSelectsItsSlice) {
  window_->take(testing::tiny_trace("a"));
  SearchPanel& search = window_->panels().search();
  search.search_for("down");
  auto* table = search.findChild<QTableView*>();
  emit table->activated(search.model().index(1, 0));
  EXPECT_EQ(window_->timeline().overlay().selected, search.model().slice(1));
}

TEST_F(MainWindowTest, AChosenBookmarkIsBroughtIntoSight) {
  open_and_wait(write_tiny("a.db"));
  window_->panels().bookmarks().add(2000);
  window_->timeline().show_range({100, 200});
  window_->panels().bookmarks().on_chosen(window_->panels().bookmarks().bookmarks()[0]);
  const Viewport& view = window_->timeline().view();
  const TimeRange shown = view.window.range(window_->timeline().width());
  EXPECT_TRUE(shown.start < 2000 && 2000 < shown.end);
}

}  // namespace
}  // namespace mk::gui
