// The program with a window: theme, window, event loop.
#pragma once

#include <QApplication>

#include "gui/app/options.h"

namespace mk::gui {

// Runs until the window is closed; the exit status. Requires: a QApplication.
int run_window(const Options& options);

// Fusion, our font and the theme's colours, the same on every desktop.
void style_application(ThemeName theme);

}  // namespace mk::gui
