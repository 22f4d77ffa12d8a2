// Files that are not what they seem: one line in the window, and what was open stays open.
#include <gtest/gtest.h>

#include <QFile>

#include "gui/app/panels.h"
#include "gui/panels/sql_panel.h"
#include "tests/gui/app/window_fixture.h"

namespace mk::gui {
namespace {

constexpr qsizetype kPageCountAt = 28;      // in the header of SQLite, big endian
constexpr qsizetype kApplicationIdAt = 68;  // likewise
constexpr qsizetype kHeader = 100;

class BadFilesTest : public testing::MainWindowTest {
 protected:
  void SetUp() override {
    MainWindowTest::SetUp();
    good_ = write_tiny("good.db");
    QFile file(good_);
    ASSERT_TRUE(file.open(QIODevice::ReadOnly));
    bytes_ = file.readAll();
    ASSERT_GT(bytes_.size(), 8192);
    open_and_wait(good_);
  }
  void expect_refused(const char* name) {
    const QString path = QString::fromStdString(folder_ / name);
    QFile file(path);
    ASSERT_TRUE(file.open(QIODevice::WriteOnly) && file.write(bytes_) == bytes_.size());
    file.close();
    open_and_wait(path);
    EXPECT_TRUE(window_->message().contains(path)) << window_->message().toStdString();
    EXPECT_FALSE(window_->message().contains('\n'));
    EXPECT_EQ(window_->session().size(), 1U);
  }

  QString good_{};
  QByteArray bytes_{};
};

TEST_F(BadFilesTest, AnotherProgramsDatabase) {
  bytes_.replace(kApplicationIdAt, 4, "\x12\x34\x56\x78", 4);
  expect_refused("foreign.db");
}

TEST_F(BadFilesTest, OneThatSaysItIsHuge) {
  bytes_.replace(kPageCountAt, 4, "\x7f\xff\xff\xff", 4);
  expect_refused("huge.db");
}

TEST_F(BadFilesTest, OneOfWhichOnlyTheHeaderIsWhole) {
  for (qsizetype at = kHeader; at < bytes_.size(); ++at) bytes_[at] = '\xff';
  expect_refused("damaged.db");
}

TEST_F(BadFilesTest, AFolder) {
  open_and_wait(QString::fromStdString(folder_ / "."));
  EXPECT_FALSE(window_->message().isEmpty());
  EXPECT_EQ(window_->session().size(), 1U);
}

TEST_F(BadFilesTest, SqlOnAFileThatVanishedSaysWhichFileAndRunsNoMore) {
  ASSERT_TRUE(QFile::remove(good_));
  SqlPanel& sql = window_->panels().sql();
  sql.run();
  settle();
  EXPECT_FALSE(sql.is_running());
  EXPECT_TRUE(sql.message().contains(good_)) << sql.message().toStdString();
  EXPECT_EQ(window_->session().size(), 1U);
}

}  // namespace
}  // namespace mk::gui
