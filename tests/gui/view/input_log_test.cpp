#include "gui/view/input_log.h"

#include <gmock/gmock.h>

#include "tests/gui/view/timeline_fixture.h"
#include "tests/support/source_dir.h"
#include "tests/traces/temporary_folder.h"

namespace mk::gui {
namespace {

using ::testing::HasSubstr;
using testing::TimelineViewTest;

TEST_F(TimelineViewTest, WhatWasRecordedIsReplayed) {
  const testing::TemporaryFolder folder;
  const QString path = QString::fromStdString(folder / "a.input");
  {
    const InputRecorder recorder(*view_, path);
    ASSERT_TRUE(recorder.is_open());
    wheel({500, 150}, 120 * 8, Qt::ControlModifier);
    drag(Qt::LeftButton, {500, 150}, {460, 150}, Qt::ShiftModifier);
    QTest::keyClick(view_.get(), Qt::Key_D);
    QTest::mouseClick(view_.get(), Qt::LeftButton, {}, point_of({0, 2}));
  }
  const Viewport wanted = view_->view();
  const auto selected = view_->overlay().selected;
  const auto events = read_input(path);
  ASSERT_TRUE(events.has_value()) << events.error().message;

  view_->clear();
  QTest::keyClick(view_.get(), Qt::Key_F);
  InputReplay replay(*view_);
  for (const InputEvent& event : *events) replay.send(event);

  EXPECT_EQ(view_->view().scroll, wanted.scroll);
  EXPECT_NEAR(view_->view().window.start, wanted.window.start, 1e-6);
  EXPECT_NEAR(view_->view().window.ns_per_pixel, wanted.window.ns_per_pixel, 1e-9);
  EXPECT_EQ(view_->overlay().selected, selected);
}

TEST(InputLog, OfTheBenchmarkIsAMinuteOfEveryGesture) {
  const auto events =
      read_input(QString::fromStdString(source_dir() + "/tests/perf/input/minute.input"));
  ASSERT_TRUE(events.has_value()) << events.error().message;
  EXPECT_GE(events->back().at_ms, 60e3);
  int wheels = 0;
  int drags = 0;
  for (const InputEvent& event : *events) {
    wheels += event.kind == InputEvent::Kind::kWheel ? 1 : 0;
    drags += event.kind == InputEvent::Kind::kPress ? 1 : 0;
  }
  EXPECT_GT(wheels, 200);
  EXPECT_GT(drags, 30);
}

TEST(InputLog, SaysWhatItCannotRead) {
  const testing::TemporaryFolder folder;
  const QString path = QString::fromStdString(folder / "a.input");
  const auto error_of = [&](const char* text) {
    QFile file(path);
    EXPECT_TRUE(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    file.write(text);
    file.close();
    const auto read = read_input(path);
    return read ? std::string() : read.error().message;
  };
  EXPECT_THAT(error_of(""), HasSubstr("does not begin with"));
  EXPECT_THAT(error_of("# megascope-input 1\n0 jump 1 2 3 -\n"), HasSubstr("line 2"));
  EXPECT_THAT(error_of("# megascope-input 1\n0 move x 2 3 -\n"), HasSubstr("line 2"));
  EXPECT_EQ(error_of("# megascope-input 1\n0 move 1 2 3 -\n"), "");
  EXPECT_FALSE(read_input("/nowhere/at.all").has_value());
}

}  // namespace
}  // namespace mk::gui
