#include "gui/timeline/theme.h"

#include <algorithm>
#include <cmath>

namespace mk::gui {
namespace {

constexpr QRgb kBlack = 0xff101014;
constexpr QRgb kWhite = 0xffffffff;

constexpr Theme kDarkTheme = {.name = ThemeName::kDark,
                              .background = 0xff1a1c20,
                              .alternate = 0xff1f2227,
                              .panel = 0xff26292f,
                              .group = 0xff30343c,
                              .line = 0xff454a54,
                              .text = 0xffdfe2e7,
                              .faint_text = 0xff9aa1ac,
                              .accent = 0xff6ab0ff,
                              .path = 0xffff4fd8,
                              .mark = 0xffffc94d};

constexpr Theme kLightTheme = {.name = ThemeName::kLight,
                               .background = 0xffffffff,
                               .alternate = 0xfff5f6f8,
                               .panel = 0xffeceef1,
                               .group = 0xffdfe3e8,
                               .line = 0xffb9bfc8,
                               .text = 0xff202329,
                               .faint_text = 0xff5f6670,
                               .accent = 0xff1464c8,
                               .path = 0xffc4009a,
                               .mark = 0xffa86a00};

double linear(int channel) {
  const double c = channel / 255.0;
  return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

}  // namespace

std::optional<ThemeName> theme_from_name(const QString& name) {
  if (name == "dark") return ThemeName::kDark;
  if (name == "light") return ThemeName::kLight;
  return std::nullopt;
}

QString name_of(ThemeName theme) {
  return theme == ThemeName::kDark ? QStringLiteral("dark") : QStringLiteral("light");
}

const Theme& theme_of(ThemeName name) {
  return name == ThemeName::kDark ? kDarkTheme : kLightTheme;
}

QPalette widget_palette(const Theme& theme) {
  QPalette palette;
  palette.setColor(QPalette::Window, QColor(theme.panel));
  palette.setColor(QPalette::WindowText, QColor(theme.text));
  palette.setColor(QPalette::Base, QColor(theme.background));
  palette.setColor(QPalette::AlternateBase, QColor(theme.alternate));
  palette.setColor(QPalette::Text, QColor(theme.text));
  palette.setColor(QPalette::Button, QColor(theme.group));
  palette.setColor(QPalette::ButtonText, QColor(theme.text));
  palette.setColor(QPalette::ToolTipBase, QColor(theme.group));
  palette.setColor(QPalette::ToolTipText, QColor(theme.text));
  palette.setColor(QPalette::PlaceholderText, QColor(theme.faint_text));
  palette.setColor(QPalette::Highlight, QColor(theme.accent));
  palette.setColor(QPalette::HighlightedText, QColor(text_on(theme.accent)));
  palette.setColor(QPalette::Link, QColor(theme.accent));
  for (const QPalette::ColorRole role :
       {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
    palette.setColor(QPalette::Disabled, role, QColor(theme.faint_text));
  return palette;
}

QRgb mixed(QRgb colour, QRgb under, int part) {
  const auto channel = [part](int a, int b) { return (a * part + b * (255 - part)) / 255; };
  return qRgb(channel(qRed(colour), qRed(under)), channel(qGreen(colour), qGreen(under)),
              channel(qBlue(colour), qBlue(under)));
}

QRgb text_on(QRgb colour) {
  return contrast(kBlack, colour) >= contrast(kWhite, colour) ? kBlack : kWhite;
}

double luminance(QRgb colour) {
  return 0.2126 * linear(qRed(colour)) + 0.7152 * linear(qGreen(colour)) +
         0.0722 * linear(qBlue(colour));
}

double contrast(QRgb a, QRgb b) {
  const double la = luminance(a);
  const double lb = luminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

}  // namespace mk::gui
