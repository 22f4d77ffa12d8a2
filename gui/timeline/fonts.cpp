#include "gui/timeline/fonts.h"

#include <QFontDatabase>
#include <QResource>

// Qt's macro must stand outside namespaces.
static void init_font_resource() { Q_INIT_RESOURCE(fonts); }

namespace mk::gui {
namespace {

QFont font_of(const QString& family, int pixel_size) {
  QFont font(family);
  font.setPixelSize(pixel_size);
  font.setHintingPreference(QFont::PreferNoHinting);
  font.setStyleStrategy(
      static_cast<QFont::StyleStrategy>(QFont::PreferAntialias | QFont::NoSubpixelAntialias));
  return font;
}

}  // namespace

bool add_fonts(const QStringList& files) {
  bool all = true;
  for (const QString& file : files) all = QFontDatabase::addApplicationFont(file) >= 0 && all;
  return all;
}

Status load_fonts() {
  static const bool loaded = [] {
    init_font_resource();
    return add_fonts(
        {QStringLiteral(":/fonts/DejaVuSans.ttf"), QStringLiteral(":/fonts/DejaVuSansMono.ttf")});
  }();
  if (!loaded) return fail(ErrorCode::kIo, "the program's fonts could not be loaded");
  return {};
}

QFont text_font(int pixel_size) { return font_of(QStringLiteral("DejaVu Sans"), pixel_size); }
QFont fixed_font(int pixel_size) { return font_of(QStringLiteral("DejaVu Sans Mono"), pixel_size); }

}  // namespace mk::gui
