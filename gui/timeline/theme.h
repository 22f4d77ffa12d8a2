// Theme: the colours that are not data's, dark and light, and rules for text on colours.
#pragma once

#include <QColor>
#include <QPalette>
#include <QString>
#include <optional>

namespace mk::gui {

enum class ThemeName { kDark, kLight };
std::optional<ThemeName> theme_from_name(const QString& name);
QString name_of(ThemeName theme);

struct Theme {
  ThemeName name = ThemeName::kDark;
  QRgb background = 0;  // of the plot
  QRgb alternate = 0;   // of every other lane
  QRgb panel = 0;       // of gutter and ruler
  QRgb group = 0;       // of a group's header
  QRgb line = 0;
  QRgb text = 0;
  QRgb faint_text = 0;
  QRgb accent = 0;  // selection
  QRgb path = 0;    // critical path
  QRgb mark = 0;    // bookmarks
};

const Theme& theme_of(ThemeName name);

// The palette of the window around the plot, so that both look alike on every desktop.
QPalette widget_palette(const Theme& theme);

// `colour` over `under`, in parts of 255.
QRgb mixed(QRgb colour, QRgb under, int part);

// Black or white, whichever is read more easily on `colour`.
QRgb text_on(QRgb colour);
// Relative luminance after WCAG 2, 0 .. 1.
double luminance(QRgb colour);
// Contrast ratio after WCAG 2, 1 .. 21.
double contrast(QRgb a, QRgb b);

}  // namespace mk::gui
