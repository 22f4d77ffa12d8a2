#include "gui/timeline/palette.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gui/timeline/coloring.h"
#include "gui/timeline/theme.h"

namespace mk::gui {
namespace {

struct Linear {
  double r, g, b;
};

Linear linear(QRgb c) {
  const auto f = [](int v) { return std::pow(v / 255.0, 2.2); };
  return {f(qRed(c)), f(qGreen(c)), f(qBlue(c))};
}

// Machado, Oliveira and Fernandes 2009, severity 1.
Linear protanope(const Linear& c) {
  return {0.152286 * c.r + 1.052583 * c.g - 0.204868 * c.b,
          0.114503 * c.r + 0.786281 * c.g + 0.099216 * c.b,
          -0.003882 * c.r - 0.048116 * c.g + 1.051998 * c.b};
}
Linear deuteranope(const Linear& c) {
  return {0.367322 * c.r + 0.860646 * c.g - 0.227968 * c.b,
          0.280085 * c.r + 0.672501 * c.g + 0.047413 * c.b,
          -0.011820 * c.r + 0.042940 * c.g + 0.968881 * c.b};
}

// Distance in CIE L*a*b*.
double distance(const Linear& a, const Linear& b) {
  const auto lab = [](const Linear& c) {
    const auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
    const double x = f((0.4124 * c.r + 0.3576 * c.g + 0.1805 * c.b) / 0.9505);
    const double y = f(0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b);
    const double z = f((0.0193 * c.r + 0.1192 * c.g + 0.9505 * c.b) / 1.089);
    return Linear{116 * y - 16, 500 * (x - y), 200 * (y - z)};
  };
  const Linear p = lab(a);
  const Linear q = lab(b);
  return std::sqrt((p.r - q.r) * (p.r - q.r) + (p.g - q.g) * (p.g - q.g) +
                   (p.b - q.b) * (p.b - q.b));
}

TEST(Palette, WhatTakesMostOfAStepStaysApartForColourBlindEyes) {
  OperatorPalette palette;
  for (const char* name : {"qkv", "attention", "o_proj", "gate_up", "down", "lm_head"})
    palette.category(name);
  const auto entries = palette.entries();
  for (std::size_t a = 0; a < entries.size(); ++a) {
    for (std::size_t b = a + 1; b < entries.size(); ++b) {
      const Linear x = linear(entries[a].colour);
      const Linear y = linear(entries[b].colour);
      EXPECT_GT(distance(x, y), 20) << entries[a].name << " " << entries[b].name;
      EXPECT_GT(distance(protanope(x), protanope(y)), 10)
          << entries[a].name << " " << entries[b].name;
      EXPECT_GT(distance(deuteranope(x), deuteranope(y)), 10)
          << entries[a].name << " " << entries[b].name;
    }
  }
}

TEST(Palette, ANameKeepsItsCategoryAndItsColour) {
  OperatorPalette one;
  OperatorPalette other;
  const std::uint8_t qkv = one.category("qkv");
  other.category("something");
  EXPECT_EQ(one.category("qkv"), qkv);
  const std::uint8_t same = other.category("qkv");
  EXPECT_EQ(one.entries()[qkv].colour, other.entries()[same].colour);
}

TEST(Theme, TextIsReadableOnEveryColour) {
  OperatorPalette palette;
  for (const char* name : {"qkv", "attention", "o_proj", "gate_up", "down", "lm_head", "silu_mul",
                           "input_norm", "post_norm", "embed", "a", "b", "c", "d", "e", "f"})
    palette.category(name);
  for (const auto& entry : palette.entries())
    EXPECT_GE(contrast(text_on(entry.colour), entry.colour), 4.5) << entry.name;
  for (const ThemeName name : {ThemeName::kDark, ThemeName::kLight}) {
    const Theme& theme = theme_of(name);
    for (const QRgb under : {theme.background, theme.alternate, theme.panel, theme.group}) {
      EXPECT_GE(contrast(theme.text, under), 7);
      EXPECT_GE(contrast(theme.faint_text, under), 3);
    }
  }
}

}  // namespace
}  // namespace mk::gui
