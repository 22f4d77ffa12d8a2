#include "gui/app/window_program.h"

#include <QStyleFactory>

#include "gui/app/main_window.h"
#include "gui/timeline/fonts.h"

namespace mk::gui {

void style_application(ThemeName theme) {
  QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
  QApplication::setPalette(widget_palette(theme_of(theme)));
  QApplication::setFont(text_font(kPlotFontSize));
}

int run_window(const Options& options) {
  const bool has_fonts = load_fonts();
  MainWindow window;
  window.restore();
  window.apply(options);
  if (!has_fonts) window.say(QStringLiteral("The program's fonts could not be loaded."));
  window.show();
  for (const QString& path : options.traces) window.open(path);
  return QApplication::exec();
}

}  // namespace mk::gui
