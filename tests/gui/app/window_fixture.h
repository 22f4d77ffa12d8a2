// The whole window, offscreen, and what tests do with it.
#pragma once

#include <gtest/gtest.h>

#include <QAction>
#include <QTest>
#include <memory>

#include "gui/app/main_window.h"
#include "gui/panels/command_palette.h"
#include "tests/traces/temporary_folder.h"
#include "tests/traces/tiny_run.h"
#include "traces/sqlite_file.h"

namespace mk::testing {

class MainWindowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    window_ = std::make_unique<gui::MainWindow>();
    window_->resize(1000, 600);
    window_->show();
    ASSERT_TRUE(QTest::qWaitForWindowExposed(window_.get(), 20000));
  }

  QString write_tiny(const char* name) {
    const std::string path = (folder_ / name);
    EXPECT_TRUE(write_trace(two_iteration_run(), path).has_value());
    return QString::fromStdString(path);
  }
  void open_and_wait(const QString& path) {
    window_->open(path);
    settle();
  }
  // Runs the one action of that name, as the menu or the palette does.
  void trigger(const QString& name) {
    std::vector<QAction*> found;
    for (QAction* action : window_->actions_by_name()) {
      if (gui::command_name(*action) == name) found.push_back(action);
    }
    ASSERT_EQ(found.size(), 1U) << name.toStdString();
    found[0]->trigger();
  }
  // All that was loaded and derived is there.
  void settle() {
    ASSERT_TRUE(QTest::qWaitFor([&] { return !window_->is_busy(); }, 20000));
  }

  TemporaryFolder folder_;
  std::unique_ptr<gui::MainWindow> window_;
};

}  // namespace mk::testing
