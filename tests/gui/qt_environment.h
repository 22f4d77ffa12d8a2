// One QApplication on the offscreen platform for a whole test program, made before its first test.
// A test program takes part by including this header in one of its sources.
#pragma once

#include <gtest/gtest.h>

#include <QApplication>
#include <QSettings>
#include <QTemporaryDir>
#include <memory>

#include "gui/app/window_program.h"
#include "gui/timeline/fonts.h"

namespace mk::testing {

class QtEnvironment : public ::testing::Environment {
 public:
  void SetUp() override {
    qputenv("QT_QPA_PLATFORM", "offscreen");
    QCoreApplication::setOrganizationName("megascope-test");
    QCoreApplication::setApplicationName("megascope-gui-test");
    // Settings of a test are its own, also where tests run side by side.
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, settings_.path());
    // Dialogs are Qt's own, so that tests can use them.
    QCoreApplication::setAttribute(Qt::AA_DontUseNativeDialogs);
    application_ = std::make_unique<QApplication>(count_, arguments_);
    ASSERT_TRUE(gui::load_fonts().has_value());
    gui::style_application(gui::ThemeName::kDark);
  }
  void TearDown() override { application_.reset(); }

 private:
  QTemporaryDir settings_{};
  int count_ = 1;
  char name_[5] = "test";
  char* arguments_[2] = {name_, nullptr};
  std::unique_ptr<QApplication> application_{};
};

inline ::testing::Environment* const kQtEnvironment =
    ::testing::AddGlobalTestEnvironment(new QtEnvironment);

}  // namespace mk::testing
