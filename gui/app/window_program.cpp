#include "gui/app/window_program.h"

#include <fmt/format.h>

#include <QIcon>
#include <QStyleFactory>
#include <QTimer>
#include <cstdio>

#include "gui/app/main_window.h"
#include "gui/app/panels.h"
#include "gui/app/save_png.h"
#include "gui/timeline/fonts.h"
#include "gui/view/input_log.h"

// Qt's macro must stand outside namespaces.
static void init_icon_resource() { Q_INIT_RESOURCE(icon); }

namespace mk::gui {

void style_application(ThemeName theme) {
  QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
  QApplication::setPalette(widget_palette(theme_of(theme)));
  QApplication::setFont(text_font(kPlotFontSize));
}

namespace {

// Takes the picture when nothing is loading any more and the window has been painted since.
void picture_when_loaded(MainWindow& window, const QString& file) {
  auto* timer = new QTimer(&window);
  QObject::connect(timer, &QTimer::timeout, &window, [&window, timer, file] {
    if (window.is_busy()) return;
    timer->stop();
    window.repaint();
    const Status saved = save_png(window.grab().toImage(), file);
    if (!saved) fmt::print(stderr, "megascope-gui: {}\n", saved.error().message);
    QCoreApplication::exit(saved ? 0 : 1);
  });
  timer->start(50);
}

}  // namespace

int run_window(const Options& options) {
  // Not in the window: nobody could read it there.
  if (const Status fonts = load_fonts(); !fonts)
    fmt::print(stderr, "megascope-gui: {}: its texts may be unreadable\n", fonts.error().message);
  init_icon_resource();
  QGuiApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/megascope.svg")));
  MainWindow window;
  const bool is_picture = !options.window_screenshot.isEmpty();
  if (is_picture) {
    window.resize(options.size);
  } else {
    window.restore();
  }
  window.apply(options);
  window.show();
  if (is_picture) window.panels().settle();
  if (!options.panel.isEmpty()) window.panels().raise(options.panel);
  if (!options.record_input.isEmpty()) {
    const auto* recorder = new InputRecorder(window.timeline(), options.record_input);
    if (!recorder->is_open())
      window.say(options.record_input + QStringLiteral(": cannot be written"));
  }
  for (const QString& path : options.traces) window.open(path);
  if (is_picture) picture_when_loaded(window, options.window_screenshot);
  return QApplication::exec();
}

}  // namespace mk::gui
