// Files that are not what they seem: one line in the window, and what was open stays open.
#include <gtest/gtest.h>

#include <QFile>
#include <QTest>

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

// Larger than any memory: what stands behind the trace is not read.
TEST_F(BadFilesTest, OneThatIsHugeOpensByWhatItHolds) {
  const QString path = QString::fromStdString(folder_ / "sparse.db");
  ASSERT_TRUE(QFile::copy(good_, path));
  ASSERT_TRUE(QFile::resize(path, qint64{1} << 38));
  open_and_wait(path);
  EXPECT_EQ(window_->session().size(), 2U) << window_->message().toStdString();
}

TEST_F(BadFilesTest, OneThatIsHugeAndNoDatabase) {
  const QString path = QString::fromStdString(folder_ / "zeros.db");
  QFile file(path);
  ASSERT_TRUE(file.open(QIODevice::WriteOnly) && file.resize(qint64{1} << 38));
  file.close();
  open_and_wait(path);
  EXPECT_TRUE(window_->message().contains(path)) << window_->message().toStdString();
  EXPECT_EQ(window_->session().size(), 1U);
}

// As `cp other.db good.db` does it: what is open was read, and is drawn from memory.
TEST_F(BadFilesTest, OneThatIsOverwrittenWhileItIsOpen) {
  const QImage before = window_->timeline().grab().toImage();
  const std::size_t slices = window_->session().trace(0).trace().slices.size();
  QFile file(good_);
  ASSERT_TRUE(file.open(QIODevice::WriteOnly) && file.write("no database any more") > 0);
  file.close();
  QTest::keyClick(&window_->timeline(), Qt::Key_F);
  EXPECT_EQ(window_->session().trace(0).trace().slices.size(), slices);
  EXPECT_EQ(window_->timeline().grab().toImage(), before);
  SqlPanel& sql = window_->panels().sql();
  sql.run();
  settle();
  EXPECT_TRUE(sql.message().contains("no SQLite database")) << sql.message().toStdString();
}

// Opened again it is what the file is now, beside what it was.
TEST_F(BadFilesTest, OneThatBecameAnotherTraceWhileItIsOpen) {
  const std::size_t before = window_->session().trace(0).trace().slices.size();
  ASSERT_TRUE(QFile::remove(good_));
  RunRecord shorter = testing::two_iteration_run();
  shorter.tasks.pop_back();
  ASSERT_TRUE(write_trace(std::move(shorter), good_.toStdString()).has_value());
  open_and_wait(good_);
  ASSERT_EQ(window_->session().size(), 2U) << window_->message().toStdString();
  EXPECT_EQ(window_->session().trace(0).trace().slices.size(), before);
  EXPECT_NE(window_->session().trace(1).trace().slices.size(), before);
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
