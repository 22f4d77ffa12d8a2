// megascope-gui: the timeline viewer.
#include <fmt/format.h>
#include <unistd.h>

#include <QApplication>
#include <QGuiApplication>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "gui/app/options.h"
#include "gui/app/screenshot.h"
#include "gui/app/window_program.h"

namespace mk::gui {
namespace {

int complain(const Error& error) {
  fmt::print(stderr, "megascope-gui: {}\n", error.message);
  return error.code == ErrorCode::kUsage ? 2 : 1;
}

Error no_display() {
  return {ErrorCode::kDevice,
          "no display can be opened; --screenshot FILE.png draws a picture without one"};
}

// Qt ends the program itself where it finds no display; it then says so in our words.
void on_qt_message(QtMsgType type, const QMessageLogContext&, const QString& text) {
  if (type == QtFatalMsg) {
    complain(no_display());
    std::_Exit(1);
  }
  if (type == QtCriticalMsg) fmt::print(stderr, "megascope-gui: {}\n", text.toStdString());
}

bool has_display() {
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return true;
  }
  return false;
}

int run(int argc, char** argv) {
  QStringList arguments;
  for (int k = 0; k < argc; ++k) arguments.push_back(QString::fromLocal8Bit(argv[k]));
  const Result<Options> options = parse_options(arguments);
  if (!options) return complain(options.error());
  if (options->help) {
    fmt::print("{}", help_text().toStdString());
    return 0;
  }
  qInstallMessageHandler(on_qt_message);
  QCoreApplication::setOrganizationName(QStringLiteral("megascope"));
  QCoreApplication::setApplicationName(QStringLiteral("megascope-gui"));
  if (!options->screenshot.isEmpty()) {
    // Qt's "minimal" needs no display either, and knows no fonts: tests ask for it.
    if (qgetenv("QT_QPA_PLATFORM") != "minimal") qputenv("QT_QPA_PLATFORM", "offscreen");
    const QGuiApplication application(argc, argv);
    const Status written = write_screenshot(*options);
    return written ? 0 : complain(written.error());
  }
  if (!has_display()) return complain(no_display());
  const QApplication application(argc, argv);
  return run_window(*options);
}

}  // namespace
}  // namespace mk::gui

int main(int argc, char** argv) {
  try {
    return mk::gui::run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "megascope-gui: {}\n", e.what());
    return 1;
  }
}
